"""Activations as modules, one instance a call; what cuts at zero is nn.ReLU, because guided rules hook that alone."""

import math

import torch
from torch import Tensor, fx, nn

from junco.audit.graph.registry import Call, Layer, builds


class Ceiling(nn.Module):
    """min(x, high): the upper half of ReLU6 and of clamp, kept apart from nn.ReLU."""

    def __init__(self, high: float) -> None:
        super().__init__()
        self.high = high

    def forward(self, x: Tensor) -> Tensor:
        # As clamp, with a backward pass of one kernel; at ``high`` itself the slope is 0, as nn.ReLU6's is.
        return torch.nn.functional.hardtanh(x, -math.inf, self.high)

    def extra_repr(self) -> str:
        return f"high={self.high}"


ACTIVATIONS: tuple[type[nn.Module], ...] = (
    nn.ReLU,
    Ceiling,
    nn.LeakyReLU,
    nn.PReLU,
    nn.ELU,
    nn.SELU,
    nn.CELU,
    nn.GELU,
    nn.SiLU,
    nn.Mish,
    nn.Sigmoid,
    nn.LogSigmoid,
    nn.Tanh,
    nn.Hardswish,
    nn.Hardsigmoid,
    nn.Hardtanh,
    nn.Softplus,
    nn.Softsign,
)


@builds("relu")
def _relu(call: Call) -> Layer:
    return _plain(call, nn.ReLU())


@builds("relu6")
def _relu6(call: Call) -> Layer:
    return _plain(call, nn.ReLU(), Ceiling(6.0))


@builds("hardtanh")
def _hardtanh(call: Call) -> Layer:
    return _between(call, float(call.given["min_val"]), float(call.given["max_val"]))


@builds("clamp", "clip", "clamp_min", "clamp_max")
def _clamp(call: Call) -> Layer | None:
    low, high = call.given.get("min"), call.given.get("max")
    if isinstance(low, fx.Node) or isinstance(high, fx.Node):
        return None
    if high is None:
        return _plain(call, nn.ReLU()) if low == 0 else None
    if low is None:
        return _plain(call, Ceiling(float(high)))
    return _between(call, float(low), float(high))


@builds("threshold")
def _threshold(call: Call) -> Layer | None:
    return _plain(call, nn.ReLU()) if call.given["threshold"] == 0 == call.given["value"] else None


@builds("leaky_relu")
def _leaky_relu(call: Call) -> Layer:
    return _plain(call, nn.LeakyReLU(call.given["negative_slope"]))


@builds("prelu", "_prelu_kernel")
def _prelu(call: Call) -> Layer | None:
    weights = call.weights("weight")
    if not weights:
        return None
    return Layer(call.given["self"], (nn.PReLU(call.tensors[weights["weight"]].numel()),), weights)


@builds("elu")
def _elu(call: Call) -> Layer | None:
    if call.given["scale"] != 1 or call.given["input_scale"] != 1:
        return None
    return _plain(call, nn.ELU(call.given["alpha"]))


@builds("celu")
def _celu(call: Call) -> Layer:
    return _plain(call, nn.CELU(call.given["alpha"]))


@builds("gelu")
def _gelu(call: Call) -> Layer:
    return _plain(call, nn.GELU(call.given["approximate"]))


@builds("softplus")
def _softplus(call: Call) -> Layer:
    return _plain(call, nn.Softplus(call.given["beta"], call.given["threshold"]))


def _without_options(name: str, kind: type[nn.Module]) -> None:
    @builds(name)
    def _build(call: Call) -> Layer:
        return _plain(call, kind())


for _name, _kind in {
    "selu": nn.SELU,
    "silu": nn.SiLU,
    "mish": nn.Mish,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "hardswish": nn.Hardswish,
    "hardsigmoid": nn.Hardsigmoid,
    "log_sigmoid": nn.LogSigmoid,
}.items():
    _without_options(_name, _kind)


def _plain(call: Call, *modules: nn.Module) -> Layer:
    return Layer(call.given["self"], modules, {})


def _between(call: Call, low: float, high: float) -> Layer:
    return _plain(call, nn.ReLU(), Ceiling(high)) if low == 0 else _plain(call, nn.Hardtanh(low, high))
