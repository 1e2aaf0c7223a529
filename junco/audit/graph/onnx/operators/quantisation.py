"""Quantised values; rounding lets gradients straight through."""

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor

from junco.audit.graph.onnx.registry import Call, operator
from junco.audit.graph.onnx.tensors import dtype, number

_RANGES = {torch.int8: (-128, 127), torch.uint8: (0, 255), torch.int16: (-32768, 32767), torch.uint16: (0, 65535)}


def _shaped(call: Call, setting: Tensor, x: Tensor) -> Tensor | float:
    """A scale or zero point: a number where there is one for all, or else laid along the axis that it belongs to."""
    if setting.numel() == 1:
        return setting.reshape(()) if isinstance(setting, FakeTensor) else number(setting)
    setting = setting if setting.is_floating_point() else setting.to(torch.float32)
    axis, block = call.integer("axis", 1) % x.dim(), call.integer("block_size")
    if setting.dim() == x.dim():
        wide = setting.repeat_interleave(block, axis) if block else setting
        return wide.narrow(axis, 0, x.shape[axis]) if block else wide
    return setting.reshape([-1 if place == axis else 1 for place in range(x.dim())])


@operator("DequantizeLinear")
def dequantize(call: Call, x: Tensor, scale: Tensor, zero: Tensor | None = None) -> Tensor:
    wide = x.to(scale.dtype if scale.is_floating_point() else torch.float32)
    middle = 0.0 if zero is None else _shaped(call, zero, x)
    wide = wide if isinstance(middle, float) and middle == 0 else wide - middle
    return (wide * _shaped(call, scale, x)).to(wide.dtype)


@operator("QuantizeLinear")
def quantize(call: Call, x: Tensor, scale: Tensor, zero: Tensor | None = None) -> Tensor:
    kind = zero.dtype if zero is not None else torch.uint8
    if call.integer("output_dtype"):
        kind = dtype(call.integer("output_dtype"))
    return rounded(call, x, _shaped(call, scale, x), 0.0 if zero is None else _shaped(call, zero, x), kind=kind)


def rounded(call: Call, x: Tensor, scale: Tensor | float, zero: Tensor | float, *, kind: torch.dtype) -> Tensor:
    """``x`` in steps of ``scale`` from ``zero`` on, both broadcast to it: integers of type ``kind``.

    While torch records, the same as numbers, whose gradient is that of ``x`` where it is in range: integers would end
    the gradient. Whoever reads them, DequantizeLinear as a rule, takes them as numbers.
    """
    if kind not in _RANGES:
        raise call.refused(f"quantisation to {kind}")
    exact, bounds = (x / scale).to(x.dtype), _RANGES[kind]
    if not isinstance(x, FakeTensor):
        return torch.clamp(torch.round(exact) + zero, *bounds).to(torch.int32).to(kind)
    # Exact in floating point: a number and its nearest integer differ by something that both can hold.
    steps = exact + (torch.round(exact) - exact).detach()
    # Bounds as tensors: where a value merely saturates there is no activation for guided rules to find.
    low, high = (call.keep(torch.tensor(float(bound)), f"bound_{bound}") for bound in bounds)
    return torch.clamp(steps if isinstance(zero, float) and zero == 0 else steps + zero, low, high)


@operator("DynamicQuantizeLinear")
def dynamic_quantize(call: Call, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    if isinstance(x, FakeTensor):
        # The weights that it meets are bare integers too: what is drawn for them would miss their scale.
        raise call.refused("activations quantised by a scale that is taken from all images of a batch together")
    low, high = torch.clamp(x.amin(), max=0.0), torch.clamp(x.amax(), min=0.0)
    scale = (high - low) / 255
    zero = torch.clamp(torch.round(-low / scale), 0, 255)
    steps = torch.clamp(torch.round(x / scale) + zero, 0, 255)
    return steps.to(torch.uint8), scale, zero.to(torch.uint8)
