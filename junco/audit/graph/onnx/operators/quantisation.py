"""Quantised values; rounding lets gradients straight through."""

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor

from junco.audit.graph.onnx.registry import Call, operator
from junco.audit.graph.onnx.tensors import dtype

_RANGES = {torch.int8: (-128, 127), torch.uint8: (0, 255), torch.int16: (-32768, 32767), torch.uint16: (0, 65535)}


def _shaped(call: Call, setting: Tensor, x: Tensor) -> Tensor:
    """A scale or zero point laid along the axis that it belongs to."""
    if setting.dim() == 0 or setting.numel() == 1:
        return setting.reshape(())
    axis, block = call.integer("axis", 1) % x.dim(), call.integer("block_size")
    if setting.dim() == x.dim():
        wide = setting.repeat_interleave(block, axis) if block else setting
        return wide.narrow(axis, 0, x.shape[axis]) if block else wide
    return setting.reshape([-1 if place == axis else 1 for place in range(x.dim())])


@operator("DequantizeLinear")
def dequantize(call: Call, x: Tensor, scale: Tensor, zero: Tensor | None = None) -> Tensor:
    wide = x.to(scale.dtype if scale.is_floating_point() else torch.float32)
    if zero is not None:
        wide = wide - _shaped(call, zero.to(wide.dtype), x)
    return wide * _shaped(call, scale, x)


@operator("QuantizeLinear")
def quantize(call: Call, x: Tensor, scale: Tensor, zero: Tensor | None = None) -> Tensor:
    kind = zero.dtype if zero is not None else torch.uint8
    if call.integer("output_dtype"):
        kind = dtype(call.integer("output_dtype"))
    if kind not in _RANGES:
        raise call.refused(f"quantisation to {kind}")
    if isinstance(x, FakeTensor):  # it is being recorded
        return _straight_through(call, x, scale, zero, kind)
    steps = torch.round(x / _shaped(call, scale, x).to(x.dtype))
    if zero is not None:
        steps = steps + _shaped(call, zero.to(x.dtype), x)
    low, high = _RANGES[kind]
    return torch.clamp(steps, low, high).to(torch.int32).to(kind)


def _straight_through(call: Call, x: Tensor, scale: Tensor, zero: Tensor | None, kind: torch.dtype) -> Tensor:
    """The steps as floating-point numbers, whose gradient is that of ``x`` where it is in range.

    Integers would end the gradient; whoever reads them, DequantizeLinear as a rule, takes them as numbers.
    """
    steps = x / _shaped(call, scale, x)
    steps = steps if zero is None else steps + _shaped(call, zero.to(x.dtype), x)
    inside = torch.clamp(steps, *_RANGES[kind])
    return inside + (torch.round(inside) - inside).detach()


@operator("DynamicQuantizeLinear")
def dynamic_quantize(_: Call, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    low, high = torch.clamp(x.amin(), max=0.0), torch.clamp(x.amax(), min=0.0)
    scale = (high - low) / 255
    zero = torch.clamp(torch.round(-low / scale), 0, 255)
    steps = torch.clamp(torch.round(x / scale) + zero, 0, 255)
    return steps.to(torch.uint8), scale, zero.to(torch.uint8)
