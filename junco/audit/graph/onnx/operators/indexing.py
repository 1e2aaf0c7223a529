"""Parts of tensors, read and written."""

import torch
from torch import Tensor
from torch.utils._python_dispatch import _disable_current_modes

from junco.audit.graph.onnx.registry import Call, operator
from junco.audit.graph.onnx.tensors import ints


@operator("Slice")
def slice_by_attributes(call: Call, x: Tensor) -> Tensor:
    starts, ends = call.integers("starts") or [], call.integers("ends") or []
    axes = call.integers("axes") or list(range(len(starts)))
    for axis, start, end in zip(axes, starts, ends, strict=True):
        x = _sliced(x, axis, slice(start, end, 1))
    return x


@operator("Slice", since=10)
def slice_by_inputs(
    _: Call, x: Tensor, starts: Tensor, ends: Tensor, axes: Tensor | None = None, steps: Tensor | None = None
) -> Tensor:
    first, last = ints(starts), ints(ends)
    places = list(range(len(first))) if axes is None else ints(axes)
    by = [1] * len(first) if steps is None else ints(steps)
    for axis, start, end, step in zip(places, first, last, by, strict=True):
        # An end before the first place, going backwards, is written as a number below any place.
        bound = None if step < 0 and end < -x.shape[axis] else end
        x = _sliced(x, axis, slice(start, bound, step))
    return x


def _sliced(x: Tensor, axis: int, part: slice) -> Tensor:
    axis %= x.dim()
    taken = range(*part.indices(x.shape[axis]))
    if taken == range(x.shape[axis]):
        return x
    if len(taken) == 0:
        return x.narrow(axis, 0, 0)
    low, high = min(taken[0], taken[-1]), max(taken[0], taken[-1]) + 1
    rows = torch.ops.aten.slice.Tensor(x, axis, low, high, abs(taken.step))
    assert isinstance(rows, Tensor)
    return rows.flip(axis) if taken.step < 0 else rows


@operator("Gather")
def gather(call: Call, x: Tensor, places: Tensor) -> Tensor:
    axis = call.integer("axis") % x.dim()
    if places.dim() == 0 and type(places) is Tensor and type(x) is not Tensor:
        with _disable_current_modes():
            place = int(places)
        return x.select(axis, place)
    rows = x.index_select(axis, _wrapped(places, x.shape[axis]).reshape(-1))
    return rows.reshape([*x.shape[:axis], *places.shape, *x.shape[axis + 1 :]])


def _wrapped(places: Tensor, side: int) -> Tensor:
    """Places counted from the end made to count from the start."""
    with _disable_current_modes() if type(places) is Tensor else torch.enable_grad():
        counted = places.to(torch.int64)
        return torch.where(counted < 0, counted + side, counted)


@operator("GatherElements")
def gather_elements(call: Call, x: Tensor, places: Tensor) -> Tensor:
    axis = call.integer("axis") % x.dim()
    return x.gather(axis, _wrapped(places, x.shape[axis]))


@operator("GatherND")
def gather_nd(call: Call, x: Tensor, places: Tensor) -> Tensor:
    batch = call.integer("batch_dims")
    sides = x.shape[batch : batch + places.shape[-1]]
    columns = [_wrapped(places[..., place], side) for place, side in enumerate(sides)]
    rows = [
        torch.arange(x.shape[place]).reshape(*[-1 if at == place else 1 for at in range(places.dim() - 1)])
        for place in range(batch)
    ]
    return x[(*rows, *columns)]


@operator("Scatter", "ScatterElements")
def scatter(call: Call, x: Tensor, places: Tensor, values: Tensor) -> Tensor:
    axis, how = call.integer("axis") % x.dim(), call.text("reduction", "none")
    wrapped = _wrapped(places, x.shape[axis])
    if how == "none":
        return x.scatter(axis, wrapped, values)
    return x.scatter_reduce(axis, wrapped, values, _REDUCED[how])


_REDUCED = {"add": "sum", "mul": "prod", "max": "amax", "min": "amin"}


@operator("ScatterND")
def scatter_nd(call: Call, x: Tensor, places: Tensor, values: Tensor) -> Tensor:
    how, depth = call.text("reduction", "none"), places.shape[-1]
    columns = tuple(_wrapped(places[..., place], x.shape[place]) for place in range(depth))
    if how in ("none", "add"):
        return x.index_put(columns, values, accumulate=how == "add")
    flat = torch.zeros_like(columns[0])
    for place, column in enumerate(columns):
        flat = flat * x.shape[place] + column
    rest = x[(0,) * depth].numel()
    flat = (flat.reshape(-1, 1) * rest + torch.arange(rest)).reshape(-1)
    return x.reshape(-1).scatter_reduce(0, flat, values.reshape(-1), _REDUCED[how]).reshape(x.shape)


@operator("OneHot")
def one_hot(call: Call, places: Tensor, depth: Tensor, values: Tensor) -> Tensor:
    count, axis = ints(depth)[0], call.integer("axis", -1)
    rank = places.dim() + 1
    steps = torch.arange(count).reshape([-1 if place == axis % rank else 1 for place in range(rank)])
    hot = _wrapped(places, count).unsqueeze(axis % rank) == steps  # places out of range match no step
    return torch.where(hot, values[1], values[0])


@operator("NonZero")
def non_zero(_: Call, x: Tensor) -> Tensor:
    return x.nonzero().t()


@operator("Compress")
def compress(call: Call, x: Tensor, condition: Tensor) -> Tensor:
    rows, axis = (x, call.integer("axis")) if "axis" in call.attributes else (x.reshape(-1), 0)
    return rows.index_select(axis, torch.tensor([place for place, keep in enumerate(ints(condition)) if keep]))


@operator("ReverseSequence")
def reverse_sequence(call: Call, x: Tensor, lengths: Tensor) -> Tensor:
    time, batch = call.integer("time_axis"), call.integer("batch_axis", 1)
    steps = torch.arange(x.shape[time]).unsqueeze(1)
    turned = torch.where(steps < lengths, lengths - 1 - steps, steps)
    turned = turned if time < batch else turned.t()
    sides = [x.shape[place] if place in (time, batch) else 1 for place in range(x.dim())]
    return x.gather(time, turned.reshape(sides).expand(x.shape))
