"""Small networks of the families that people upload, and their export to ONNX."""

import contextlib
import io
import warnings
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.truth.models import CLASSES, IMAGE, _settled

Exporter = Literal["legacy", "unfolded", "dynamo"]


class _Gate(nn.Module):
    """Squeeze and excite."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, 4, 1)
        self.excite = nn.Conv2d(4, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        gate = self.excite(functional.relu(self.squeeze(functional.adaptive_avg_pool2d(x, 1))))
        return x * functional.hardsigmoid(gate)


class _MobileV3(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.depthwise = nn.Conv2d(8, 8, 5, padding=2, groups=8)
        self.gate = _Gate(8)
        self.head = nn.Linear(8, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.hardswish(self.norm(self.stem(x)))
        x = x + self.gate(functional.relu6(self.depthwise(x)))
        return self.head(functional.adaptive_avg_pool2d(x, 1).flatten(1))


class _Dense(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(3 + 4 * place, 4, 3, padding=1) for place in range(3))
        self.norms = nn.ModuleList(nn.BatchNorm2d(3 + 4 * place) for place in range(3))
        self.head = nn.Linear(15, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = torch.cat([x, conv(functional.relu(norm(x)))], 1)
        return self.head(functional.avg_pool2d(functional.relu(x), 32).flatten(1))


class _Inception(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Conv2d(3, 4, 1)
        across, down = nn.Conv2d(3, 4, (1, 7), padding=(0, 3)), nn.Conv2d(4, 4, (7, 1), padding=(3, 0))
        self.wide = nn.Sequential(across, nn.ReLU(), down)
        self.pooled = nn.Conv2d(3, 4, 1)
        self.head = nn.Linear(15, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        pooled = self.pooled(functional.avg_pool2d(x, 3, stride=1, padding=1))
        x = torch.cat([self.one(x), self.wide(x), pooled, functional.max_pool2d(x, 3, stride=1, padding=1)], 1)
        x = functional.max_pool2d(functional.relu(x), 3, stride=2, ceil_mode=True)
        return self.head(x.mean([2, 3]))


class _Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, 2, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm1(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        return x + self.mlp(self.norm2(x))


class _ViT(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Conv2d(3, 16, 8, stride=8)
        self.token = nn.Parameter(torch.zeros(1, 1, 16))
        self.position = nn.Parameter(torch.zeros(1, 17, 16))
        self.blocks = nn.Sequential(_Block(16), _Block(16))
        self.norm, self.head = nn.LayerNorm(16), nn.Linear(16, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.position
        return self.head(self.norm(self.blocks(x))[:, 0])


class _ConvNeXt(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 4, stride=4)
        self.depthwise = nn.Conv2d(8, 8, 7, padding=3, groups=8)
        self.norm = nn.LayerNorm(8)
        self.wide, self.narrow = nn.Linear(8, 16), nn.Linear(16, 8)
        self.scale = nn.Parameter(torch.ones(8))
        self.head = nn.Linear(8, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        y = self.norm(self.depthwise(x).permute(0, 2, 3, 1))
        y = self.scale * self.narrow(functional.gelu(self.wide(y)))
        return self.head((x + y.permute(0, 3, 1, 2)).mean([2, 3]))


def mobile_v3() -> nn.Module:
    """Depthwise convolution, Hardswish, ReLU6, squeeze and excite."""
    return _settled(_MobileV3(), seed=21)


def dense() -> nn.Module:
    """Every layer reads all before it; norms before convolutions."""
    return _settled(_Dense(), seed=22)


def inception() -> nn.Module:
    """Parallel branches, long kernels, pools with padding and with rounding up."""
    return _settled(_Inception(), seed=23)


def vgg() -> nn.Module:
    """Local response norm, dropout, PReLU, a large classifier."""
    return _settled(
        nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.PReLU(8), nn.LocalResponseNorm(5), nn.MaxPool2d(4),
            nn.Conv2d(8, 8, 3), nn.ELU(), nn.MaxPool2d(2), nn.Flatten(),
            nn.Linear(72, 16), nn.ReLU(), nn.Dropout(), nn.Linear(16, CLASSES),
        ),
        seed=24,
    )  # fmt: skip


def vit() -> nn.Module:
    """Patches, a class token, positions, two blocks of attention."""
    return _settled(_ViT(), seed=25)


def convnext() -> nn.Module:
    """Large depthwise kernels, layer norm over channels last, a layer scale."""
    return _settled(_ConvNeXt(), seed=26)


class _Upsampling(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.up = nn.ConvTranspose2d(8, 8, 3, stride=2, padding=1, output_padding=1)
        self.norm = nn.InstanceNorm2d(8, affine=True)
        self.head = nn.Linear(8, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        y = self.down(x)
        large = functional.interpolate(y, scale_factor=2, mode="bilinear", align_corners=False)
        y = functional.mish(self.norm(self.up(y))) + large
        y = y + functional.interpolate(functional.silu(y[:, :, ::2, ::2]), scale_factor=2.0, mode="nearest")
        return self.head(functional.pad(y, (1, 1, 1, 1), mode="reflect").mean([2, 3]))


def upsampling() -> nn.Module:
    """Transposed convolution, instance norm, resizing, strided slices, reflected borders, Mish and SiLU."""
    return _settled(_Upsampling(), seed=27)


FAMILIES = (mobile_v3, dense, inception, vgg, vit, convnext, upsampling)


def as_onnx(model: nn.Module, exporter: Exporter = "legacy", *, opset: int | None = None, batch: int | None = None,
            shape: tuple[int, int, int] = IMAGE, outputs: tuple[str, ...] = ("scores",)) -> bytes:  # fmt: skip
    """``model`` as the bytes of an ONNX file; ``batch`` fixes the batch size, which is free otherwise."""
    example, buffer = torch.zeros(batch or 2, *shape), io.BytesIO()
    options: dict[str, object] = {"input_names": ["image"], "output_names": list(outputs), "opset_version": opset}
    if exporter == "dynamo":
        options |= {"dynamo": True, "external_data": False, "verbose": False}
        options["dynamic_shapes"] = None if batch else ({0: torch.export.Dim("n")},)
    else:
        options |= {"dynamo": False, "dynamic_axes": None if batch else {"image": {0: "n"}}}
        if exporter == "unfolded":
            options |= {"do_constant_folding": False, "training": torch.onnx.TrainingMode.PRESERVE}
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        torch.onnx.export(model, (example,), buffer, **options)
    return buffer.getvalue()
