"""Four networks for 28x28 pictures: the two of Adebayo et al. 2018, a deep one without norms, a transformer."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

CLASSES = 10
SHAPE = (1, 28, 28)
_FEATURES, _HEADS, _BLOCKS, _PATCH = 64, 4, 4, 4


def cnn() -> nn.Module:
    """conv5x5x32, maxpool2, conv5x5x64, maxpool2, fc1024, fc10."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(49 * 64, 1024), nn.ReLU(), nn.Linear(1024, CLASSES),
    )  # fmt: skip


def mlp() -> nn.Module:
    """2500, 1500, 500, 10."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 2500), nn.ReLU(), nn.Linear(2500, 1500), nn.ReLU(),
        nn.Linear(1500, 500), nn.ReLU(), nn.Linear(500, CLASSES),
    )  # fmt: skip


def vgg() -> nn.Module:
    """Ten 3x3 convolutions in four stages, no norm anywhere (after Simonyan and Zisserman 2015, narrow)."""
    stages = ((16, 16), (32, 32), (64, 64, 64), (96, 96, 96))
    return nn.Sequential(
        *_stages(stages), nn.Flatten(), nn.Linear(96, 128), nn.ReLU(), nn.Linear(128, CLASSES)
    )  # fmt: skip


def _stages(stages: tuple[tuple[int, ...], ...]) -> Iterator[nn.Module]:
    before = 1
    for widths in stages:
        for width in widths:
            yield from (nn.Conv2d(before, width, 3, padding=1), nn.ReLU())
            before = width
        yield nn.MaxPool2d(2)


class _Attention(nn.Module):
    """Multi-head self-attention over [n, tokens, features]."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(_FEATURES, 3 * _FEATURES)
        self.project = nn.Linear(_FEATURES, _FEATURES)

    def forward(self, x: Tensor) -> Tensor:
        n, tokens, size = x.shape
        split = self.qkv(x).reshape(n, tokens, 3, _HEADS, size // _HEADS).permute(2, 0, 3, 1, 4)
        weights = (split[0] @ split[1].transpose(-2, -1) * (size // _HEADS) ** -0.5).softmax(dim=-1)
        mixed: Tensor = self.project((weights @ split[2]).transpose(1, 2).reshape(n, tokens, size))
        return mixed


class _Block(nn.Module):
    """Pre-norm transformer block."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.attention = nn.LayerNorm(_FEATURES), _Attention()
        self.norm2 = nn.LayerNorm(_FEATURES)
        self.wide, self.narrow = nn.Linear(_FEATURES, 2 * _FEATURES), nn.Linear(2 * _FEATURES, _FEATURES)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x))
        y: Tensor = x + self.narrow(functional.gelu(self.wide(self.norm2(x))))
        return y


class ViT(nn.Module):
    """49 patches of 4x4 pixels and a class token, four blocks (Dosovitskiy et al. 2021, small)."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Conv2d(1, _FEATURES, _PATCH, stride=_PATCH)
        self.token = nn.Parameter(torch.zeros(1, 1, _FEATURES))
        self.position = nn.Parameter(torch.zeros(1, (SHAPE[1] // _PATCH) ** 2 + 1, _FEATURES))
        self.blocks = nn.Sequential(*(_Block() for _ in range(_BLOCKS)))
        self.norm = nn.LayerNorm(_FEATURES)
        self.head = nn.Linear(_FEATURES, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], dim=1) + self.position
        logits: Tensor = self.head(self.norm(self.blocks(x))[:, 0])
        return logits


@dataclass(frozen=True)
class Recipe:
    """A network, and how it learns: Adam, its step falling to zero in a line."""

    build: Callable[[], nn.Module]
    epochs: int
    rate: float = 1e-3
    least: float = 0.88


RECIPES: Mapping[str, Recipe] = {
    "cnn": Recipe(cnn, epochs=1),
    "mlp": Recipe(mlp, epochs=1, least=0.85),
    "vgg": Recipe(vgg, epochs=3),
    "vit": Recipe(ViT, epochs=2, rate=2e-3, least=0.85),
}
"""Networks by name; ``least`` is the test accuracy below which nothing is concluded from one."""
