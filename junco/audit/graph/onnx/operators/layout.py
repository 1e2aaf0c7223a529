"""Padding, and pixels moved between channels and places."""

import torch
from torch import Tensor
from torch.nn import functional

from junco.audit.graph.onnx.operators.padding import padded
from junco.audit.graph.onnx.registry import Call, operator
from junco.audit.graph.onnx.tensors import ints, number


@operator("Pad")
def pad_by_attributes(call: Call, x: Tensor) -> Tensor:
    pads = call.integers("pads") or []
    return _pad(call, x, (pads[: x.dim()], pads[x.dim() :]), call.number("value", 0.0))


@operator("Pad", since=11)
def pad_by_inputs(
    call: Call, x: Tensor, pads: Tensor, value: Tensor | None = None, axes: Tensor | None = None
) -> Tensor:
    given = ints(pads)
    places = list(range(x.dim())) if axes is None else [axis % x.dim() for axis in ints(axes)]
    before, after = [0] * x.dim(), [0] * x.dim()
    for place, low, high in zip(places, given[: len(places)], given[len(places) :], strict=True):
        before[place], after[place] = low, high
    return _pad(call, x, (before, after), 0.0 if value is None else number(value))


def _pad(call: Call, x: Tensor, pads: tuple[list[int], list[int]], value: float) -> Tensor:
    before, after = pads
    mode = call.text("mode", "constant")
    if mode == "constant":
        whole = next((place for place in range(x.dim()) if before[place] or after[place]), x.dim())
        return padded(x, before[whole:], after[whole:], value if x.is_floating_point() else int(value))
    if mode in ("reflect", "edge") and x.dim() == 4 and x.is_floating_point() and not any([*before[:2], *after[:2]]):
        kind = "reflect" if mode == "reflect" else "replicate"
        return functional.pad(x, (before[3], after[3], before[2], after[2]), mode=kind)
    for place in range(x.dim()):
        if before[place] or after[place]:
            x = x.index_select(place, _places(x.shape[place], before[place], after[place], mode))
    return x


def _places(side: int, before: int, after: int, mode: str) -> Tensor:
    """Where each place of a padded side reads."""
    places = torch.arange(-before, side + after)
    if mode == "edge":
        return places.clamp(0, side - 1)
    if mode == "wrap":
        return places % side
    period = max(2 * (side - 1), 1)
    turned = places % period
    return torch.where(turned < side, turned, period - turned)


@operator("CenterCropPad", since=18)
def center_crop_pad(call: Call, x: Tensor, shape: Tensor) -> Tensor:
    sides = ints(shape)
    for axis, side in zip(call.integers("axes") or range(x.dim()), sides, strict=True):
        place, spare = axis % x.dim(), side - x.shape[axis]
        if spare < 0:
            x = x.narrow(place, -spare // 2, side)
        elif spare > 0:
            x = padded(
                x,
                [0] * place + [spare // 2] + [0] * (x.dim() - place - 1),
                [0] * place + [spare - spare // 2] + [0] * (x.dim() - place - 1),
            )
    return x


@operator("DepthToSpace")
def depth_to_space(call: Call, x: Tensor) -> Tensor:
    block = call.integer("blocksize")
    n, channels, height, width = x.shape
    each = channels // (block * block)
    if call.text("mode", "DCR") == "DCR":
        parts = x.reshape(n, block, block, each, height, width).permute(0, 3, 4, 1, 5, 2)
    else:
        parts = x.reshape(n, each, block, block, height, width).permute(0, 1, 4, 2, 5, 3)
    return parts.reshape(n, each, height * block, width * block)


@operator("SpaceToDepth")
def space_to_depth(call: Call, x: Tensor) -> Tensor:
    block = call.integer("blocksize")
    n, channels, height, width = x.shape
    parts = x.reshape(n, channels, height // block, block, width // block, block)
    order = (0, 3, 5, 1, 2, 4) if call.text("mode", "DCR") == "DCR" else (0, 1, 3, 5, 2, 4)
    return parts.permute(order).reshape(n, channels * block * block, height // block, width // block)
