"""Sampling at places that a grid names."""

import torch
from torch import Tensor
from torch.nn import functional

from junco.audit.graph.onnx.registry import Call, operator
from junco.audit.graph.onnx.tensors import ints

_MODES = {"bilinear": "bilinear", "linear": "bilinear", "nearest": "nearest", "bicubic": "bicubic", "cubic": "bicubic"}


@operator("GridSample", since=16)
def grid_sample(call: Call, x: Tensor, grid: Tensor) -> Tensor:
    mode = _MODES[call.text("mode", "bilinear")]
    border = call.text("padding_mode", "zeros")
    return functional.grid_sample(x, grid, mode, border, align_corners=bool(call.integer("align_corners")))


@operator("AffineGrid", since=20)
def affine_grid(call: Call, theta: Tensor, size: Tensor) -> Tensor:
    return functional.affine_grid(theta, ints(size), align_corners=bool(call.integer("align_corners")))


@operator("Col2Im", since=18)
def col_to_im(call: Call, x: Tensor, image: Tensor, block: Tensor) -> Tensor:
    sides, kernel = ints(image), ints(block)
    if len(sides) != 2:
        raise call.refused(f"{len(sides)} sides")
    pads = call.integers("pads") or [0, 0, 0, 0]
    full = [sides[0] + pads[0] + pads[2], sides[1] + pads[1] + pads[3]]
    dilation, stride = ((sides or [1, 1]) for sides in (call.integers("dilations"), call.integers("strides")))
    folded = functional.fold(x, _pair(full), _pair(kernel), _pair(dilation), 0, _pair(stride))
    return folded[:, :, pads[0] : pads[0] + sides[0], pads[1] : pads[1] + sides[1]]


def _pair(sides: list[int]) -> tuple[int, int]:
    return sides[0], sides[1]


@operator("MaxUnpool", since=9)
def max_unpool(call: Call, x: Tensor, places: Tensor, shape: Tensor | None = None) -> Tensor:
    kernel = call.integers("kernel_shape") or []
    stride = call.integers("strides") or [1] * len(kernel)
    pads = call.integers("pads") or [0] * (2 * len(kernel))
    rank = len(kernel)
    bare = [
        (side - 1) * s + k - b - a
        for side, s, k, b, a in zip(x.shape[2:], stride, kernel, pads[:rank], pads[rank:], strict=True)
    ]
    # Places count within a tensor of the bare shape, whatever larger shape the result is put into.
    flat = torch.zeros(x.shape[0] * x.shape[1] * _count(bare), dtype=x.dtype)
    result = flat.scatter(0, places.reshape(-1), x.reshape(-1)).reshape(*x.shape[:2], *bare)
    wanted = [*x.shape[:2], *bare] if shape is None else ints(shape)
    spare = [end - side for end, side in zip(wanted, result.shape, strict=True)]
    pairs = [amount for extra in reversed(spare) for amount in (0, extra)]
    return functional.pad(result, pairs) if any(spare) else result


def _count(sides: list[int]) -> int:
    total = 1
    for side in sides:
        total *= side
    return total
