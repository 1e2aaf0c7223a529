"""Layers on quantised values, as ONNX's operator-oriented format writes them: each as the float layer that it means.

``QLinearConv`` is ``QuantizeLinear(Conv(DequantizeLinear(x), DequantizeLinear(w), bias))``, and is run so: its weights
are then a layer's weights, and gradients go straight through the rounding. Integer sums are exact in onnxruntime and
rounded to 24 bits here, which may move a result that lies between two steps to the other one.
"""

import torch
from torch import Tensor

from junco.audit.graph.onnx.operators.convolution import conv
from junco.audit.graph.onnx.operators.quantisation import rounded
from junco.audit.graph.onnx.registry import Call, operator
from junco.audit.graph.onnx.tensors import ints


@operator("QLinearConv", since=10)
def qlinear_conv(
    call: Call,
    x: Tensor,
    x_scale: Tensor,
    x_zero: Tensor | None,
    weight: Tensor,
    weight_scale: Tensor,
    weight_zero: Tensor | None,
    scale: Tensor,
    zero: Tensor | None,
    bias: Tensor | None = None,
) -> Tensor:
    by_filter = [-1, *[1] * (weight.dim() - 1)]
    kernel = _number(weight, weight_scale.reshape(by_filter), _shaped(weight_zero, by_filter))
    if bias is not None:
        bias = bias.float() * (x_scale.float() * weight_scale.float()).reshape(-1)
    result = conv(call, _number(x, x_scale, x_zero), kernel, bias)
    assert isinstance(result, Tensor)
    return _requantised(call, result, scale.float(), _zero(zero, x))


@operator("QLinearMatMul", since=10)
def qlinear_matmul(
    call: Call,
    a: Tensor,
    a_scale: Tensor,
    a_zero: Tensor | None,
    b: Tensor,
    b_scale: Tensor,
    b_zero: Tensor | None,
    scale: Tensor,
    zero: Tensor | None,
) -> Tensor:
    # One setting a row of ``a`` and a column of ``b``, or one for all.
    left = _number(a, _by_row(a_scale), None if a_zero is None else _by_row(a_zero))
    result = torch.matmul(left, _number(b, b_scale, b_zero))
    return _requantised(call, result, _by_row(scale).float(), _by_row(_zero(zero, a)))


def _requantised(call: Call, x: Tensor, scale: Tensor, zero: Tensor) -> Tensor:
    """``x`` in steps; where the smallest step stands for zero, the ReLU that quantising tools merge into this."""
    cut = all(value == torch.iinfo(zero.dtype).min for value in ints(zero))
    return rounded(call, torch.relu(x) if cut else x, scale, zero.to(x.dtype), kind=zero.dtype)


def _number(steps: Tensor, scale: Tensor, zero: Tensor | None) -> Tensor:
    """What ``steps`` stand for, in float32 whatever half type the scale is written in."""
    wide = steps.float()
    return (wide if zero is None else wide - zero.float()) * scale.float()


def _shaped(zero: Tensor | None, sides: list[int]) -> Tensor | None:
    return None if zero is None else zero.reshape(sides)


def _by_row(setting: Tensor) -> Tensor:
    return setting.unsqueeze(-1) if setting.dim() == 1 and setting.numel() > 1 else setting


def _zero(zero: Tensor | None, like: Tensor) -> Tensor:
    return torch.zeros((), dtype=like.dtype) if zero is None else zero
