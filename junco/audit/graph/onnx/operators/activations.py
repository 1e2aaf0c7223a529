"""Activations, and the softmaxes at both of their meanings."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from junco.audit.graph.onnx.registry import Call, operator
from junco.audit.graph.onnx.tensors import number


def _without_settings(name: str, function: object) -> None:
    @operator(name)
    def apply(_: Call, x: Tensor) -> Tensor:
        assert callable(function)
        result = function(x)
        assert isinstance(result, Tensor)
        return result


for _name, _function in {
    "Relu": torch.relu,
    "Sigmoid": torch.sigmoid,
    "Tanh": torch.tanh,
    "Softplus": functional.softplus,
    "Softsign": functional.softsign,
    "HardSwish": functional.hardswish,
    "Mish": functional.mish,
}.items():
    _without_settings(_name, _function)


@operator("LeakyRelu")
def leaky_relu(call: Call, x: Tensor) -> Tensor:
    return functional.leaky_relu(x, call.number("alpha", 0.01))


@operator("PRelu")
def prelu(_: Call, x: Tensor, slope: Tensor) -> Tensor:
    by_channel = x.dim() > 1 and list(slope.shape) == [x.shape[1], *[1] * (x.dim() - 2)]
    # Before broadcasting was defined, exporters wrote one slope a channel as a plain row.
    old = x.dim() > 2 and list(slope.shape) == [x.shape[1]] != [x.shape[-1]]
    if slope.numel() == 1 or by_channel or old:
        return functional.prelu(x, slope.reshape(-1))
    return torch.where(x > 0, x, x * slope)


@operator("Elu")
def elu(call: Call, x: Tensor) -> Tensor:
    return functional.elu(x, call.number("alpha", 1.0))


@operator("Celu")
def celu(call: Call, x: Tensor) -> Tensor:
    return functional.celu(x, call.number("alpha", 1.0))


@operator("Selu")
def selu(call: Call, x: Tensor) -> Tensor:
    alpha, gamma = call.attributes.get("alpha"), call.attributes.get("gamma")
    if alpha is None and gamma is None:
        return functional.selu(x)
    inner = functional.elu(x, call.number("alpha", 1.6732632423543772))
    return call.number("gamma", 1.0507009873554805) * inner


@operator("Gelu", since=20)
def gelu(call: Call, x: Tensor) -> Tensor:
    return functional.gelu(x, approximate=call.text("approximate", "none"))


@operator("Swish", since=24)
def swish(call: Call, x: Tensor) -> Tensor:
    alpha = call.number("alpha", 1.0)
    return functional.silu(x) if alpha == 1 else x * torch.sigmoid(alpha * x)


@operator("SwiGLU", since=28)
def swiglu(call: Call, gate: Tensor, x: Tensor) -> Tensor:
    opened = swish(call, gate)
    assert isinstance(opened, Tensor)
    return opened * x


@operator("HardSigmoid")
def hard_sigmoid(call: Call, x: Tensor) -> Tensor:
    alpha, beta = call.number("alpha", 0.2), call.number("beta", 0.5)
    if math.isclose(alpha, 1 / 6, rel_tol=1e-6) and beta == 0.5:
        return functional.hardsigmoid(x)
    return torch.clamp(x * alpha + beta, 0.0, 1.0)


@operator("ThresholdedRelu")
def thresholded_relu(call: Call, x: Tensor) -> Tensor:
    return functional.threshold(x, call.number("alpha", 1.0), 0.0)


@operator("Shrink")
def shrink(call: Call, x: Tensor) -> Tensor:
    bias, limit = call.number("bias", 0.0), call.number("lambd", 0.5)
    low, high = torch.where(x < -limit, x + bias, 0), torch.where(x > limit, x - bias, 0)
    return (low + high).to(x.dtype)


@operator("Clip", since=6)
def clip_by_attributes(call: Call, x: Tensor) -> Tensor:
    low, high = call.attributes.get("min"), call.attributes.get("max")
    return _clipped(x, None if low is None else float(low), None if high is None else float(high))


@operator("Clip", since=11)
def clip(_: Call, x: Tensor, low: Tensor | None = None, high: Tensor | None = None) -> Tensor:
    return _clipped(x, None if low is None else number(low), None if high is None else number(high))


def _clipped(x: Tensor, low: float | None, high: float | None) -> Tensor:
    if not x.is_floating_point():
        low, high = (None if bound is None else int(bound) for bound in (low, high))
    # The largest float is how some exporters write that there is no bound.
    if high is not None and high >= 3.4e38:
        high = None
    if low is not None and low <= -3.4e38:
        low = None
    if low is not None and high is not None and low > high:
        return torch.full_like(x, high)
    return x if low is None and high is None else torch.clamp(x, low, high)


def _over_rows(call: Call, x: Tensor, function: object) -> Tensor:
    """Before opset 13 everything from the axis on is one row."""
    assert callable(function)
    axis = call.integer("axis", 1) % max(x.dim(), 1)
    if math.prod(x.shape[axis + 1 :]) == 1:
        result = function(x, axis)
    else:
        result = function(x.flatten(axis), axis).reshape(x.shape)
    assert isinstance(result, Tensor)
    return result


@operator("Softmax")
def softmax_of_rows(call: Call, x: Tensor) -> Tensor:
    return _over_rows(call, x, functional.softmax)


@operator("LogSoftmax")
def log_softmax_of_rows(call: Call, x: Tensor) -> Tensor:
    return _over_rows(call, x, functional.log_softmax)


@operator("Softmax", since=13)
def softmax(call: Call, x: Tensor) -> Tensor:
    return functional.softmax(x, call.integer("axis", -1))


@operator("LogSoftmax", since=13)
def log_softmax(call: Call, x: Tensor) -> Tensor:
    return functional.log_softmax(x, call.integer("axis", -1))


@operator("Hardmax")
def hardmax(call: Call, x: Tensor) -> Tensor:
    axis = call.integer("axis", 1 if call.opset < 13 else -1) % x.dim()
    rows = x.flatten(axis) if call.opset < 13 else x
    best = rows.argmax(axis, keepdim=True)
    return torch.zeros_like(rows).scatter(axis, best, 1.0).reshape(x.shape)
