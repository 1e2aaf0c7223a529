"""Arithmetic, comparison and logic, value by value."""

from collections.abc import Callable
from functools import reduce

import torch
from torch import Tensor

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


def _register_unary(name: str, function: Callable[[Tensor], Tensor]) -> None:
    @operator(name)
    def apply(_: Call, x: Tensor) -> Tensor:
        return function(x)


def _register_binary(name: str, function: Callable[[Tensor, Tensor], Tensor]) -> None:
    @operator(name)
    def apply(_: Call, a: Tensor, b: Tensor) -> Tensor:
        return function(a, b)


for _name, _unary in _UNARY.items():
    _register_unary(_name, _unary)
for _name, _binary in _BINARY.items():
    _register_binary(_name, _binary)


@operator("Div")
def div(_: Call, a: Tensor, b: Tensor) -> Tensor:
    return torch.div(a, b) if a.is_floating_point() else torch.div(a, b, rounding_mode="trunc")


@operator("Pow")
def power(_: Call, base: Tensor, exponent: Tensor) -> Tensor:
    if type(exponent) is Tensor and exponent.numel() == 1 and base.is_floating_point():
        return torch.pow(base, number(exponent))
    return torch.pow(base, exponent).to(base.dtype)


@operator("Mod")
def mod(call: Call, a: Tensor, b: Tensor) -> Tensor:
    return torch.fmod(a, b) if call.integer("fmod") else torch.remainder(a, b)


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
def minimum(_: Call, *values: Tensor) -> Tensor:
    return reduce(torch.minimum, values)


@operator("Max")
def maximum(_: Call, *values: Tensor) -> Tensor:
    return reduce(torch.maximum, values)


@operator("Sum")
def total(_: Call, *values: Tensor) -> Tensor:
    return reduce(torch.add, values)


@operator("Mean")
def mean(_: Call, *values: Tensor) -> Tensor:
    return reduce(torch.add, values) / len(values)


@operator("Where")
def where(_: Call, condition: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return torch.where(condition, a, b)
