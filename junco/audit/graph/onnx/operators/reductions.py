"""Reductions, and where the largest values are."""

from collections.abc import Callable

import torch
from torch import Tensor

from junco.audit.graph.onnx.registry import Call, operator
from junco.audit.graph.onnx.tensors import ints

Reduction = Callable[[Tensor, list[int], bool], Tensor]


def _product(x: Tensor, axes: list[int], keep: bool) -> Tensor:
    for axis in sorted((axis % x.dim() for axis in axes), reverse=True):
        x = x.prod(axis, keepdim=keep)
    return x


def _extreme(x: Tensor, axes: list[int], keep: bool, *, largest: bool) -> Tensor:
    if x.dtype is torch.bool:
        return x.to(torch.uint8).sum(axes, keepdim=keep) > 0 if largest else _every(x, axes, keep)
    if any(x.shape[axis] == 0 for axis in axes):
        lowest = torch.finfo(x.dtype).min if x.is_floating_point() else torch.iinfo(x.dtype).min
        end = float("-inf") if x.is_floating_point() else lowest
        shape = x.sum(axes, keepdim=keep).shape
        return torch.full(shape, end if largest else -end, dtype=x.dtype)
    return x.amax(axes, keepdim=keep) if largest else x.amin(axes, keepdim=keep)


def _every(x: Tensor, axes: list[int], keep: bool) -> Tensor:
    return torch.logical_not(x).to(torch.uint8).sum(axes, keepdim=keep) == 0


_REDUCTIONS: dict[str, Reduction] = {
    "ReduceSum": lambda x, axes, keep: x.sum(axes, keepdim=keep, dtype=x.dtype),
    "ReduceMean": lambda x, axes, keep: x.mean(axes, keepdim=keep),
    "ReduceMax": lambda x, axes, keep: _extreme(x, axes, keep, largest=True),
    "ReduceMin": lambda x, axes, keep: _extreme(x, axes, keep, largest=False),
    "ReduceProd": _product,
    "ReduceL1": lambda x, axes, keep: x.abs().sum(axes, keepdim=keep),
    "ReduceL2": lambda x, axes, keep: x.square().sum(axes, keepdim=keep).sqrt(),
    "ReduceSumSquare": lambda x, axes, keep: x.square().sum(axes, keepdim=keep),
    "ReduceLogSum": lambda x, axes, keep: x.sum(axes, keepdim=keep).log(),
    "ReduceLogSumExp": lambda x, axes, keep: x.logsumexp(axes, keepdim=keep),
}


def _register(name: str, reduction: Reduction) -> None:
    @operator(name)
    def apply(call: Call, x: Tensor, axes: Tensor | None = None) -> Tensor:
        named = call.integers("axes") if axes is None else ints(axes)
        if not named and call.integer("noop_with_empty_axes"):
            return _alone(name, x)
        return (
            reduction(x, named or list(range(x.dim())), bool(call.integer("keepdims", 1)))
            if x.dim()
            else _alone(name, x)
        )


def _alone(name: str, x: Tensor) -> Tensor:
    """The reduction of every value by itself."""
    place = x.unsqueeze(-1)
    return _REDUCTIONS[name](place, [x.dim()], False)


for _name, _reduction in _REDUCTIONS.items():
    _register(_name, _reduction)


@operator("ArgMax")
def arg_max(call: Call, x: Tensor) -> Tensor:
    return _arg(call, x, torch.argmax)


@operator("ArgMin")
def arg_min(call: Call, x: Tensor) -> Tensor:
    return _arg(call, x, torch.argmin)


def _arg(call: Call, x: Tensor, function: Callable[..., Tensor]) -> Tensor:
    axis, keep = call.integer("axis"), bool(call.integer("keepdims", 1))
    if call.integer("select_last_index"):
        return x.shape[axis] - 1 - function(x.flip(axis), axis, keepdim=keep)
    return function(x, axis, keepdim=keep)


@operator("TopK")
def top_k(call: Call, x: Tensor, count: Tensor | None = None) -> tuple[Tensor, Tensor]:
    k = call.integer("k") if count is None else ints(count)[0]
    axis, largest = call.integer("axis", -1), bool(call.integer("largest", 1))
    # A stable sort, because among equals ONNX wants the first place first, which topk does not promise.
    values, places = torch.sort(x, dim=axis, descending=largest, stable=True)
    return values.narrow(axis, 0, k), places.narrow(axis, 0, k)


@operator("CumSum")
def cumulative_sum(call: Call, x: Tensor, axis: Tensor) -> Tensor:
    return _cumulative(call, x, ints(axis)[0], product=False)


@operator("CumProd")
def cumulative_product(call: Call, x: Tensor, axis: Tensor) -> Tensor:
    return _cumulative(call, x, ints(axis)[0], product=True)


def _cumulative(call: Call, x: Tensor, axis: int, *, product: bool) -> Tensor:
    backwards = bool(call.integer("reverse"))
    rows = x.flip(axis) if backwards else x
    if call.integer("exclusive"):
        first = rows.narrow(axis, 0, 1)
        start = torch.ones_like(first) if product else torch.zeros_like(first)
        rows = torch.cat([start, rows.narrow(axis, 0, x.shape[axis] - 1)], axis)
    result = rows.cumprod(axis, dtype=x.dtype) if product else rows.cumsum(axis, dtype=x.dtype)
    return result.flip(axis) if backwards else result
