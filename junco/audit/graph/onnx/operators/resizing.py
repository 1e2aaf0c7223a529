"""Resizing of images and maps."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from junco.audit.graph.onnx.registry import Call, operator
from junco.audit.graph.onnx.tensors import floats, ints

_LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}


@dataclass(frozen=True)
class _Side:
    """One side to resize: from ``old`` to ``new`` places; ``scale`` as written, which need not be their quotient.

    ``roi`` is where a crop begins and ends, as fractions.
    """

    axis: int
    old: int
    new: int
    scale: float
    roi: tuple[float, float]


@operator("Upsample")
def upsample(call: Call, x: Tensor, scales: Tensor | None = None) -> Tensor:
    factors = floats(scales) if scales is not None else [float(f) for f in call.attributes["scales"]]
    sides = [
        _Side(axis, old, math.floor(old * factor), factor, (0.0, 1.0))
        for axis, (old, factor) in enumerate(zip(x.shape, factors, strict=True))
    ]
    return _resized(call, x, sides, place="asymmetric")


@operator("Resize", since=10)
def resize_asymmetric(call: Call, x: Tensor, scales: Tensor) -> Tensor:
    return upsample(call, x, scales)  # type: ignore[return-value]


@operator("Resize", since=11)
def resize(
    call: Call, x: Tensor, roi: Tensor | None = None, scales: Tensor | None = None, sizes: Tensor | None = None
) -> Tensor:
    axes = [axis % x.dim() for axis in call.integers("axes") or range(x.dim())]
    crop = floats(roi) if roi is not None and roi.numel() else [0.0] * len(axes) + [1.0] * len(axes)
    rois = list(zip(crop[: len(axes)], crop[len(axes) :], strict=True))
    place = call.text("coordinate_transformation_mode", "half_pixel")
    if scales is not None and scales.numel():
        sides = [
            _Side(
                axis,
                x.shape[axis],
                _scaled(x.shape[axis], factor, roi if place == "tf_crop_and_resize" else (0, 1)),
                factor,
                roi,
            )
            for axis, factor, roi in zip(axes, floats(scales), rois, strict=True)
        ]
    else:
        assert sizes is not None
        sides = _to_sizes(call, x, axes=axes, sizes=ints(sizes), rois=rois)
    return _resized(call, x, sides, place=place)


def _scaled(old: int, factor: float, roi: tuple[float, float]) -> int:
    return math.floor(old * (roi[1] - roi[0]) * factor)


def _to_sizes(
    call: Call, x: Tensor, *, axes: list[int], sizes: list[int], rois: list[tuple[float, float]]
) -> list[_Side]:
    factors = [size / x.shape[axis] for axis, size in zip(axes, sizes, strict=True)]
    policy = call.text("keep_aspect_ratio_policy", "stretch")
    if policy != "stretch":
        factor = min(factors) if policy == "not_larger" else max(factors)
        factors = [factor] * len(axes)
        sizes = [math.floor(x.shape[axis] * factor + 0.5) for axis in axes]
    return [
        _Side(axis, x.shape[axis], size, factor, roi)
        for axis, size, factor, roi in zip(axes, sizes, factors, rois, strict=True)
    ]


def _resized(call: Call, x: Tensor, sides: list[_Side], *, place: str) -> Tensor:
    changed = [side for side in sides if side.new != side.old or place == "tf_crop_and_resize" or side.scale != 1]
    quick = _by_torch(call, x, changed, place=place)
    if quick is not None:
        return quick
    mode = call.text("mode", "nearest")
    outside = torch.zeros(())
    for side in changed:
        where = _coordinates(side, place)
        weights = _weights(call, side, where, mode=mode).to(x.dtype)
        if mode == "nearest":
            x = x.index_select(side.axis, weights.argmax(1))
        else:
            kept = call.keep(weights, f"weights_{side.axis}")
            x = torch.matmul(x.movedim(side.axis, -1), kept.t()).movedim(-1, side.axis)
        if place == "tf_crop_and_resize":
            beyond = (where < 0) | (where > side.old - 1)
            beyond = beyond.reshape([-1 if at == side.axis else 1 for at in range(x.dim())])
            outside = torch.logical_or(outside, beyond)
    if place == "tf_crop_and_resize":
        x = torch.where(outside, call.number("extrapolation_value", 0.0), x)
    return x


def _by_torch(call: Call, x: Tensor, sides: list[_Side], *, place: str) -> Tensor | None:
    """What torch's own interpolation does; None for anything else."""
    mode, rank = call.text("mode", "nearest"), x.dim() - 2
    exact = all(math.isclose(side.new, side.old * side.scale) for side in sides)
    if not sides or not exact or rank not in _LINEAR or any(side.axis < 2 for side in sides):
        return x if not sides else None
    if call.integer("antialias") or call.integer("exclude_outside") or not x.is_floating_point():
        return None
    sizes = list(x.shape[2:])
    for side in sides:
        sizes[side.axis - 2] = side.new
    if mode == "nearest":
        whole = all(side.new % side.old == 0 for side in sides)
        rounding = call.text(
            "nearest_mode", "floor" if place == "asymmetric" and call.opset < 11 else "round_prefer_floor"
        )
        simple = place == "asymmetric" and (rounding == "floor" or call.op == "Upsample")
        centred = place in ("half_pixel", "pytorch_half_pixel") and rounding.startswith("round")
        return functional.interpolate(x, sizes) if whole and (simple or centred) else None
    aligned = place == "align_corners"
    if not aligned and place != "half_pixel" and not (place == "pytorch_half_pixel" and min(sizes) > 1):
        return None
    if mode == "linear":
        return functional.interpolate(x, sizes, mode=_LINEAR[rank], align_corners=aligned)
    if mode == "cubic" and rank == 2 and call.number("cubic_coeff_a", -0.75) == -0.75:
        return functional.interpolate(x, sizes, mode="bicubic", align_corners=aligned)
    return None


def _coordinates(side: _Side, place: str) -> Tensor:
    """Where on the old side each new place reads, float64 [new]."""
    new = torch.arange(side.new, dtype=torch.float64)
    if place == "asymmetric":
        return new / side.scale
    if place == "align_corners":
        return new * (side.old - 1) / (side.old * side.scale - 1) if side.new > 1 else torch.zeros_like(new)
    if place == "pytorch_half_pixel" and side.new == 1:
        return torch.zeros_like(new)
    if place == "tf_half_pixel_for_nn":
        return (new + 0.5) / side.scale
    if place == "tf_crop_and_resize":
        start, end = side.roi
        if side.new > 1:
            return start * (side.old - 1) + new * (end - start) * (side.old - 1) / (side.new - 1)
        return 0.5 * (start + end) * (side.old - 1) + torch.zeros_like(new)
    centred = (new + 0.5) / side.scale - 0.5
    if place == "half_pixel_symmetric":
        spare = 1 - side.new / (side.old * side.scale)
        return centred + side.old / 2 * spare
    return centred


def _weights(call: Call, side: _Side, where: Tensor, *, mode: str) -> Tensor:
    """Share of each old place in each new one, float64 [new, old]."""
    if mode == "nearest":
        return functional.one_hot(_nearest(call, where).clamp(0, side.old - 1), side.old).double()
    shrink = min(1.0, side.scale) if call.integer("antialias") else 1.0
    radius = (1 if mode == "linear" else 2) / shrink
    first = math.floor(float(where.min()) - radius)
    places = torch.arange(first, math.ceil(float(where.max()) + radius) + 1, dtype=torch.float64)
    distance = (places.unsqueeze(0) - where.unsqueeze(1)) * shrink
    a = call.number("cubic_coeff_a", -0.75)
    shares = (1 - distance.abs()).clamp(min=0) if mode == "linear" else _cubic(distance.abs(), a)
    if call.integer("exclude_outside"):
        shares = shares * ((places >= 0) & (places < side.old))
    shares = shares / shares.sum(1, keepdim=True)
    clamped = places.clamp(0, side.old - 1).long().unsqueeze(0).expand_as(shares)
    return torch.zeros(side.new, side.old, dtype=torch.float64).scatter_add(1, clamped, shares)


def _nearest(call: Call, where: Tensor) -> Tensor:
    rounding = call.text("nearest_mode", "round_prefer_floor" if call.op == "Resize" and call.opset > 10 else "floor")
    if rounding == "floor":
        return where.floor().long()
    if rounding == "ceil":
        return where.ceil().long()
    half = 0.5 if rounding == "round_prefer_ceil" else -0.5
    return (where + 0.5).floor().long() if half > 0 else (where - 0.5).ceil().long()


def _cubic(d: Tensor, a: float) -> Tensor:
    near = (a + 2) * d**3 - (a + 3) * d**2 + 1
    far = a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a
    return torch.where(d <= 1, near, torch.where(d < 2, far, torch.zeros_like(d)))
