"""Arithmetic, comparison and logic, value by value."""

from collections.abc import Callable
from functools import reduce

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor

from junco.audit.graph.onnx.registry import Call, operator
from junco.audit.graph.onnx.tensors import number

_UNARY: dict[str, Callable[[Tensor], Tensor]] = {
    "Abs": torch.abs,
    "Acos": torch.acos,
    "Acosh": torch.acosh,
    "Asin": torch.asin,
    "Asinh": torch.asinh,
    "Atan": torch.atan,
    "Atanh": torch.atanh,
    "BitwiseNot": torch.bitwise_not,
    "Ceil": torch.ceil,
    "Cos": torch.cos,
    "Cosh": torch.cosh,
    "Det": torch.linalg.det,
    "Erf": torch.erf,
    "Exp": torch.exp,
    "Floor": torch.floor,
    "IsNaN": torch.isnan,
    "Log": torch.log,
    "Neg": torch.neg,
    "Not": torch.logical_not,
    "Reciprocal": torch.reciprocal,
    "Round": torch.round,
    "Sign": torch.sign,
    "Sin": torch.sin,
    "Sinh": torch.sinh,
    "Sqrt": torch.sqrt,
    "Tan": torch.tan,
}

_BINARY: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "Add": torch.add,
    "Sub": torch.sub,
    "Mul": torch.mul,
    "And": torch.logical_and,
    "Or": torch.logical_or,
    "Xor": torch.logical_xor,
    "BitwiseAnd": torch.bitwise_and,
    "BitwiseOr": torch.bitwise_or,
    "BitwiseXor": torch.bitwise_xor,
    "Equal": torch.eq,
    "Greater": torch.gt,
    "GreaterOrEqual": torch.ge,
    "Less": torch.lt,
    "LessOrEqual": torch.le,
}


# Torch stores these, and computes in hardly any of them.
_STORED_ONLY = (torch.uint16, torch.uint32, torch.uint64)


def _countable(call: Call, x: Tensor) -> Tensor:
    """``x`` in a type that torch computes in."""
    if x.dtype not in _STORED_ONLY:
        return x
    if x.dtype is torch.uint64 and (isinstance(x, FakeTensor) or bool((x.view(torch.int64) < 0).any())):
        raise call.refused("arithmetic on unsigned integers of 64 bits")
    return x.to(torch.int64)


def _counted(call: Call, function: Callable[..., Tensor], *values: Tensor) -> Tensor:
    """``function`` of ``values``, its result of their type unless it is a yes or no."""
    result = function(*(_countable(call, value) for value in values))
    return result.to(values[0].dtype) if values[0].dtype in _STORED_ONLY and result.dtype is torch.int64 else result


def _register_unary(name: str, function: Callable[[Tensor], Tensor]) -> None:
    @operator(name)
    def apply(call: Call, x: Tensor) -> Tensor:
        return _counted(call, function, x)


def _register_binary(name: str, function: Callable[[Tensor, Tensor], Tensor]) -> None:
    @operator(name)
    def apply(call: Call, a: Tensor, b: Tensor) -> Tensor:
        return _counted(call, function, a, b)


for _name, _unary in _UNARY.items():
    _register_unary(_name, _unary)
for _name, _binary in _BINARY.items():
    _register_binary(_name, _binary)


@operator("Div")
def div(call: Call, a: Tensor, b: Tensor) -> Tensor:
    return _counted(call, torch.div if a.is_floating_point() else _quotient, a, b)


def _quotient(a: Tensor, b: Tensor) -> Tensor:
    return torch.div(a, b, rounding_mode="trunc")


@operator("Pow")
def power(_: Call, base: Tensor, exponent: Tensor) -> Tensor:
    if type(exponent) is Tensor and exponent.numel() == 1 and base.is_floating_point():
        return torch.pow(base, number(exponent))
    return torch.pow(base, exponent).to(base.dtype)


@operator("Mod")
def mod(call: Call, a: Tensor, b: Tensor) -> Tensor:
    return _counted(call, torch.fmod if call.integer("fmod") else torch.remainder, a, b)


@operator("IsInf")
def is_inf(call: Call, x: Tensor) -> Tensor:
    above = torch.isposinf(x) if call.integer("detect_positive", 1) else torch.zeros_like(x, dtype=torch.bool)
    below = torch.isneginf(x) if call.integer("detect_negative", 1) else torch.zeros_like(x, dtype=torch.bool)
    return torch.logical_or(above, below)


@operator("BitShift")
def bit_shift(call: Call, a: Tensor, b: Tensor) -> Tensor:
    # Unsigned types wider than eight bits know no shift in torch; int64 holds all but the widest.
    left, by = a.to(torch.int64), b.to(torch.int64)
    if call.text("direction", "") == "LEFT":
        return torch.bitwise_left_shift(left, by).to(a.dtype)
    return torch.bitwise_right_shift(left, by).to(a.dtype)


@operator("Min")
def minimum(call: Call, *values: Tensor) -> Tensor:
    return _counted(call, lambda *given: reduce(torch.minimum, given), *values)


@operator("Max")
def maximum(call: Call, *values: Tensor) -> Tensor:
    return _counted(call, lambda *given: reduce(torch.maximum, given), *values)


@operator("Sum")
def total(_: Call, *values: Tensor) -> Tensor:
    return reduce(torch.add, values)


@operator("Mean")
def mean(_: Call, *values: Tensor) -> Tensor:
    return reduce(torch.add, values) / len(values)


@operator("Where")
def where(_: Call, condition: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return torch.where(condition, a, b)
