"""Shapes read and shapes changed; tensors made from shapes."""

import torch
from torch import Tensor

from junco.audit.graph.onnx.registry import Call, operator
from junco.audit.graph.onnx.tensors import dtype, ints, number


@operator("Shape", reads_shape_only=True)
def shape(call: Call, x: Tensor) -> Tensor:
    start, end = call.integer("start"), call.attributes.get("end")
    return torch.tensor(list(x.shape)[start : None if end is None else int(end)], dtype=torch.int64)


@operator("Size", reads_shape_only=True)
def size(_: Call, x: Tensor) -> Tensor:
    return torch.tensor(x.numel())


@operator("Reshape")
def reshape(call: Call, x: Tensor, target: Tensor) -> Tensor:
    sides = ints(target)
    if not call.integer("allowzero"):
        sides = [x.shape[place] if side == 0 else side for place, side in enumerate(sides)]
    return x.reshape(sides)


@operator("Flatten")
def flatten(call: Call, x: Tensor) -> Tensor:
    axis = call.integer("axis", 1)
    axis = axis + x.dim() if axis < 0 else axis
    if axis == 1 and x.dim() > 1:
        return x.flatten(1)
    rows = 1
    for side in x.shape[:axis]:
        rows *= side
    return x.reshape(rows, x.numel() // max(rows, 1))


@operator("Transpose")
def transpose(call: Call, x: Tensor) -> Tensor:
    order = call.integers("perm") or list(range(x.dim()))[::-1]
    return x if order == list(range(x.dim())) else x.permute(order)


@operator("Squeeze")
def squeeze(call: Call, x: Tensor, axes: Tensor | None = None) -> Tensor:
    named = call.integers("axes") if axes is None else ints(axes)
    places = [place for place, side in enumerate(x.shape) if side == 1] if named is None else named
    return x.squeeze(tuple(places)) if places else x


@operator("Unsqueeze")
def unsqueeze(call: Call, x: Tensor, axes: Tensor | None = None) -> Tensor:
    named = (call.integers("axes") or []) if axes is None else ints(axes)
    rank = x.dim() + len(named)
    for axis in sorted(axis % rank for axis in named):
        x = x.unsqueeze(axis)
    return x


@operator("Expand")
def expand(_: Call, x: Tensor, target: Tensor) -> Tensor:
    sides = torch.broadcast_shapes(  # type: ignore[no-untyped-call]
        tuple(x.shape), tuple(ints(target))
    )
    return x if sides == tuple(x.shape) else x.expand(sides)


@operator("Tile")
def tile(_: Call, x: Tensor, repeats: Tensor) -> Tensor:
    return x.repeat(ints(repeats))


@operator("Concat")
def concat(call: Call, *values: Tensor) -> Tensor:
    return values[0] if len(values) == 1 else torch.cat(values, call.integer("axis", 1))


@operator("Split")
def split(call: Call, x: Tensor, sizes: Tensor | None = None) -> tuple[Tensor, ...]:
    axis = call.integer("axis")
    named = call.integers("split") if sizes is None else ints(sizes)
    if named is None:
        each = -(-x.shape[axis] // call.integer("num_outputs", call.results))
        named = [max(min(each, x.shape[axis] - place * each), 0) for place in range(call.results)]
    return torch.split(x, named, axis)


@operator("Identity")
def identity(_: Call, x: Tensor) -> Tensor:
    return x


@operator("Dropout")
def dropout(
    call: Call, x: Tensor, ratio: Tensor | None = None, training: Tensor | None = None
) -> Tensor | tuple[Tensor, Tensor]:
    share = call.number("ratio", 0.5) if ratio is None else number(ratio)
    if training is not None and ints(training)[0] and share > 0:
        raise call.refused("dropout in training mode")
    return x if call.results == 1 else (x, torch.ones_like(x, dtype=torch.bool))


@operator("Cast")
def cast(call: Call, x: Tensor) -> Tensor:
    return _cast(x, dtype(call.integer("to")))


@operator("CastLike")
def cast_like(_: Call, x: Tensor, like: Tensor) -> Tensor:
    return _cast(x, like.dtype)


def _cast(x: Tensor, kind: torch.dtype) -> Tensor:
    if x.dtype is kind:
        return x
    if kind in (torch.uint16, torch.uint32, torch.uint64) or x.dtype in (torch.uint16, torch.uint32, torch.uint64):
        return x.to(torch.int64).to(kind) if not kind.is_floating_point else x.to(kind)
    return x.to(kind)


@operator("BitCast", since=26)
def bit_cast(call: Call, x: Tensor) -> Tensor:
    return x.view(dtype(call.integer("to")))


@operator("ConstantOfShape", reads_shape_only=False)
def constant_of_shape(call: Call, target: Tensor) -> Tensor:
    value = call.attributes.get("value")
    if value is None:
        return torch.zeros(ints(target))
    return torch.full(ints(target), value.item(), dtype=value.dtype)


@operator("Range")
def arange(_: Call, start: Tensor, limit: Tensor, delta: Tensor) -> Tensor:
    if start.is_floating_point():
        return torch.arange(number(start), number(limit), number(delta), dtype=start.dtype)
    return torch.arange(ints(start)[0], ints(limit)[0], ints(delta)[0], dtype=start.dtype)


@operator("EyeLike", reads_shape_only=True)
def eye_like(call: Call, x: Tensor) -> Tensor:
    kind = dtype(call.integer("dtype")) if "dtype" in call.attributes else x.dtype
    rows, columns = x.shape
    eye = torch.arange(columns).unsqueeze(0) - torch.arange(rows).unsqueeze(1) == call.integer("k")
    return eye.to(kind)


@operator("Trilu")
def triangle(call: Call, x: Tensor, diagonal: Tensor | None = None) -> Tensor:
    k = 0 if diagonal is None else ints(diagonal)[0]
    return torch.triu(x, k) if call.integer("upper", 1) else torch.tril(x, k)
