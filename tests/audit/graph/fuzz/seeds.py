"""Small valid files to spoil: every family of form that a reader has to find its way through."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.audit.graph.fuzz.registry import Kind, Seed
from tests.audit.graph.onnx import zoo
from tests.truth import models

SHAPE = (3, 8, 8)


class _Branching(nn.Module):
    """A loop, a branch and a tuple: what scripting writes and tracing does not."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(3, 3, 3, padding=1) for _ in range(2))
        self.head = nn.Linear(48, 4)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        for layer in self.layers:
            x = functional.relu(layer(x))
        if x.shape[2] > 4:
            x = functional.max_pool2d(x, 2)
        return self.head(x.flatten(1)), x


class _Attending(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Conv2d(3, 4, 4, stride=4)
        self.token = nn.Parameter(torch.ones(1, 1, 4))
        self.position = nn.Parameter(torch.ones(1, 5, 4))  # so that only one size of image goes, and that a small one
        self.mix, self.head = nn.Linear(4, 12), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.position
        q, k, v = self.mix(x).chunk(3, -1)
        return self.head(((q @ k.transpose(1, 2)).softmax(-1) @ v)[:, 0]).softmax(-1)


def _cnn() -> nn.Module:
    return models._settled(
        nn.Sequential(
            nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU6(), nn.MaxPool2d(2),
            nn.Conv2d(4, 4, 3, groups=2), nn.Hardswish(), nn.Flatten(), nn.Linear(16, 3),
        ),
        seed=3,
    )  # fmt: skip


def seeds() -> dict[str, Seed]:
    """Every seed by name."""
    branching, attending = models._settled(_Branching(), seed=4), models._settled(_Attending(), seed=5)
    onnx = {
        "cnn.onnx": zoo.as_onnx(_cnn(), shape=SHAPE),
        "unfolded.onnx": zoo.as_onnx(_cnn(), "unfolded", shape=SHAPE, batch=1),
        "attention.onnx": zoo.as_onnx(attending, shape=SHAPE, opset=18),
    }
    script = {
        "traced.pt": models.as_torchscript(_cnn(), SHAPE, "traced"),
        "scripted.pt": models.as_torchscript(branching, SHAPE, "scripted"),
        "frozen.pt": models.as_torchscript(attending, SHAPE, "frozen"),
    }
    return {**_paired(Kind.ONNX, onnx), **_paired(Kind.TORCHSCRIPT, script)}


def _paired(kind: Kind, files: dict[str, bytes]) -> dict[str, Seed]:
    names = list(files)
    return {name: Seed(kind, files[name], files[names[place - 1]]) for place, name in enumerate(names)}
