"""Sampling at places that a grid names."""

from math import prod

import torch
from torch import Tensor
from torch.nn import functional

from junco.audit.graph.onnx.operators.padding import padded
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


_TRANSPOSED = {1: functional.conv_transpose1d, 2: functional.conv_transpose2d, 3: functional.conv_transpose3d}


@operator("Col2Im", since=18)
def col_to_im(call: Call, x: Tensor, image: Tensor, block: Tensor) -> Tensor:
    sides, kernel = ints(image), ints(block)
    rank, ones = len(sides), [1] * len(sides)
    if rank not in _TRANSPOSED:
        raise call.refused(f"{rank} sides")
    pads, dilation = call.integers("pads") or [0] * (2 * rank), call.integers("dilations") or ones
    stride, count = call.integers("strides") or ones, prod(kernel)
    full = [side + low + high for side, low, high in zip(sides, pads[:rank], pads[rank:], strict=True)]
    blocks = [(f - (k - 1) * d - 1) // s + 1 for f, k, d, s in zip(full, kernel, dilation, stride, strict=True)]
    # Summing blocks into place is a transposed convolution whose every filter has a single one.
    filters = call.keep(torch.eye(count, dtype=x.dtype).reshape(count, 1, *kernel), "blocks")
    summed = _TRANSPOSED[rank](x.reshape(-1, count, *blocks), filters, stride=stride, dilation=dilation)
    after = [low + side - end for low, side, end in zip(pads[:rank], sides, summed.shape[2:], strict=True)]
    return padded(summed, [-low for low in pads[:rank]], after).reshape(x.shape[0], -1, *sides)


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
    flat = torch.zeros(x.shape[0] * x.shape[1] * prod(bare), dtype=x.dtype)
    result = flat.scatter(0, places.reshape(-1), x.reshape(-1)).reshape(*x.shape[:2], *bare)
    wanted = [*x.shape[:2], *bare] if shape is None else ints(shape)
    spare = [end - side for end, side in zip(wanted, result.shape, strict=True)]
    pairs = [amount for extra in reversed(spare) for amount in (0, extra)]
    return functional.pad(result, pairs) if any(spare) else result
