"""Pools."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from junco.audit.graph.onnx.operators.padding import Window, padded, window
from junco.audit.graph.onnx.registry import Call, Result, operator

_MAX = {1: functional.max_pool1d, 2: functional.max_pool2d, 3: functional.max_pool3d}
_MEAN = {1: functional.avg_pool1d, 2: functional.avg_pool2d, 3: functional.avg_pool3d}
_ADAPTIVE_MEAN = {
    1: functional.adaptive_avg_pool1d,
    2: functional.adaptive_avg_pool2d,
    3: functional.adaptive_avg_pool3d,
}
_ADAPTIVE_MAX = {
    1: functional.adaptive_max_pool1d,
    2: functional.adaptive_max_pool2d,
    3: functional.adaptive_max_pool3d,
}


def _window(call: Call, x: Tensor) -> Window:
    return window(call, x, call.integers("kernel_shape") or [1] * (x.dim() - 2))


def _plain(w: Window) -> bool:
    """Whether torch's own pools take these paddings: the same on both sides, at most half a window."""
    return w.symmetric and all(2 * pad <= k for pad, k in zip(w.before, w.kernel, strict=True))


def _windows(x: Tensor, w: Window, *, ceil: bool, fill: float) -> Tensor:
    """Every window of ``x``: [n, channels, places..., kernel...]."""
    sides = x.shape[2:]
    places = w.places(sides, ceil=ceil)
    spans = [(p - 1) * s + r for p, s, r in zip(places, w.stride, w.reach, strict=True)]
    after = [span - side - before for span, side, before in zip(spans, sides, w.before, strict=True)]
    result = padded(x, w.before, after, fill)
    for place, (reach, stride, step) in enumerate(zip(w.reach, w.stride, w.dilation, strict=True)):
        result = result.unfold(2 + place, reach, stride)
        result = result[..., ::step] if step > 1 else result
    return result


def _kernel_sides(w: Window) -> list[int]:
    return [-1 - place for place in range(len(w.kernel))]


@operator("MaxPool")
def max_pool(call: Call, x: Tensor) -> Result:
    w, ceil = _window(call, x), bool(call.integer("ceil_mode"))
    function = _MAX.get(len(w.kernel))
    if call.results > 1:
        return _with_places(call, x, w, ceil=ceil)
    if function is not None and _plain(w) and x.is_floating_point():
        return function(x, w.kernel, w.stride, w.before, w.dilation, ceil)
    lowest = -math.inf if x.is_floating_point() else torch.iinfo(x.dtype).min
    return _windows(x, w, ceil=ceil, fill=lowest).amax(_kernel_sides(w))


def _with_places(call: Call, x: Tensor, w: Window, *, ceil: bool) -> Result:
    """The pool and where in the whole of ``x`` each of its values was found."""
    if not _plain(w) or len(w.kernel) != 2:
        raise call.refused("the places of the maxima with uneven padding")
    values, places = functional.max_pool2d(x, w.kernel, w.stride, w.before, w.dilation, ceil, return_indices=True)
    height, width = x.shape[2:]
    if call.integer("storage_order"):
        places = places % width * height + places // width
    planes = torch.arange(x.shape[0] * x.shape[1]).reshape(*x.shape[:2], 1, 1)
    return values, places + planes * (height * width)


@operator("AveragePool")
def average_pool(call: Call, x: Tensor) -> Tensor:
    w, ceil = _window(call, x), bool(call.integer("ceil_mode"))
    whole = bool(call.integer("count_include_pad"))
    function = _MEAN.get(len(w.kernel))
    if function is not None and _plain(w) and set(w.dilation) == {1}:
        return function(x, w.kernel, w.stride, w.before, ceil, whole)
    sides = _kernel_sides(w)
    ones = torch.ones_like(x[:1, :1])
    if whole:  # padding counts, but what hangs over it does not
        ones = padded(ones, w.before, w.after, 1.0)
        ones = _windows(ones, Window(w.kernel, w.stride, w.dilation, *[(0,) * len(sides)] * 2), ceil=ceil, fill=0.0)
        ones = ones[(slice(None), slice(None), *(slice(p) for p in w.places(x.shape[2:], ceil=ceil)))]
    else:
        ones = _windows(ones, w, ceil=ceil, fill=0.0)
    return _windows(x, w, ceil=ceil, fill=0.0).sum(sides) / ones.sum(sides)


@operator("LpPool")
def lp_pool(call: Call, x: Tensor) -> Tensor:
    w, power = _window(call, x), call.integer("p", 2)
    windows = _windows(x, w, ceil=bool(call.integer("ceil_mode")), fill=0.0)
    return windows.abs().pow(power).sum(_kernel_sides(w)).pow(1 / power)


@operator("GlobalAveragePool")
def global_average_pool(_: Call, x: Tensor) -> Tensor:
    function = _ADAPTIVE_MEAN.get(x.dim() - 2)
    return x.mean(list(range(2, x.dim())), keepdim=True) if function is None else function(x, 1)


@operator("GlobalMaxPool")
def global_max_pool(_: Call, x: Tensor) -> Tensor:
    function = _ADAPTIVE_MAX.get(x.dim() - 2)
    return x.amax(list(range(2, x.dim())), keepdim=True) if function is None else function(x, 1)


@operator("GlobalLpPool")
def global_lp_pool(call: Call, x: Tensor) -> Tensor:
    power = call.integer("p", 2)
    return x.abs().pow(power).sum(list(range(2, x.dim())), keepdim=True).pow(1 / power)
