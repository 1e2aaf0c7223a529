"""Depthwise convolution in float64 on a CPU, where torch's own calls one small convolution a channel.

A sum of shifted slices, one for each place of the kernel, takes a quarter of the time; sums are taken in the
same order, so that values differ from torch's by rounding only.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.autograd import Function
from torch.nn.functional import pad

Pair = tuple[int, int]
Kernel = tuple[Tensor, Pair, Pair]
"""Weights [C, 1, h, w], stride, dilation."""


class Depthwise(nn.Conv2d):
    """An ``nn.Conv2d`` with one filter a channel, its parameters shared with ``layer``'s."""

    @classmethod
    def of(cls, layer: nn.Conv2d) -> "Depthwise":
        """The same layer, computed by slices where that pays."""
        made = cls.__new__(cls)
        made.__dict__ = layer.__dict__
        return made

    def forward(self, input: Tensor) -> Tensor:
        """As ``nn.Conv2d``; weights get no gradient from the sliced form, so that it is taken only where none asks."""
        slow = input.device.type == "cpu" and input.dtype == torch.float64
        if not slow or self.weight.requires_grad or input.dim() != 4:
            return super().forward(input)
        rows, columns = (int(side) for side in self.padding)
        padded = pad(input, (columns, columns, rows, rows)) if rows or columns else input
        answer: Tensor = _Sliced.apply(padded, self.weight, self.stride, self.dilation)  # type: ignore[no-untyped-call]
        return answer if self.bias is None else answer + self.bias.view(-1, 1, 1)


def with_sliced_depthwise(module: fx.GraphModule) -> fx.GraphModule:
    """``module`` itself, its depthwise convolutions replaced."""
    found = [name for name, layer in module.named_modules() if _is_depthwise(layer)]
    for name in found:
        layer = module.get_submodule(name)
        assert isinstance(layer, nn.Conv2d)
        module.set_submodule(name, Depthwise.of(layer))
    return module


def _is_depthwise(layer: nn.Module) -> bool:
    if type(layer) is not nn.Conv2d or layer.padding_mode != "zeros" or isinstance(layer.padding, str):
        return False
    return layer.groups == layer.in_channels == layer.out_channels > 1


class _Sliced(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, stride: Pair, dilation: Pair) -> Tensor:
        ctx.shape, ctx.kernel = x.shape, (weight, stride, dilation)
        # An image at a time: what is summed into stays in the caches.
        return torch.cat([_forward(image, ctx.kernel) for image in torch.split(x, 1)])

    @staticmethod
    def backward(ctx: Any, *signals: Tensor) -> tuple[Tensor, None, None, None]:
        (signal,) = signals
        into = (1, *ctx.shape[1:])
        return torch.cat([_backward(image, into, ctx.kernel) for image in torch.split(signal, 1)]), None, None, None


def _forward(x: Tensor, kernel: Kernel) -> Tensor:
    answer: Tensor | None = None
    for weight, part in _slices(x, kernel):
        answer = part * weight if answer is None else answer.addcmul_(part, weight)
    assert answer is not None
    return answer


def _backward(signal: Tensor, shape: tuple[int, ...], kernel: Kernel) -> Tensor:
    into = torch.zeros(shape, dtype=signal.dtype).contiguous(memory_format=torch.channels_last)
    for weight, part in _slices(into, kernel):
        part.addcmul_(signal, weight)
    return into


def _slices(x: Tensor, kernel: Kernel) -> Iterator[tuple[Tensor, Tensor]]:
    """For each place of the kernel its weights [C, 1, 1], and the part of ``x`` that it meets."""
    weight, stride, dilation = kernel
    (height, width), (high, wide) = weight.shape[2:], x.shape[2:]
    rows = (high - dilation[0] * (height - 1) - 1) // stride[0] + 1
    columns = (wide - dilation[1] * (width - 1) - 1) // stride[1] + 1
    for i in range(height):
        for j in range(width):
            top, left = i * dilation[0], j * dilation[1]
            part = x[:, :, top : top + stride[0] * rows : stride[0], left : left + stride[1] * columns : stride[1]]
            yield weight[:, 0, i, j].view(-1, 1, 1), part[:, :, :rows, :columns]
