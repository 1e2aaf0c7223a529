"""Convolutions."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from junco.audit.graph.onnx.operators.padding import padded, window
from junco.audit.graph.onnx.registry import Call, operator

_CONVS = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}
_TRANSPOSED = {1: functional.conv_transpose1d, 2: functional.conv_transpose2d, 3: functional.conv_transpose3d}


@operator("Conv")
def conv(call: Call, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    w = window(call, x, weight.shape[2:])
    function = _CONVS.get(x.dim() - 2)
    if function is None:
        raise call.refused(f"{x.dim() - 2} spatial sides")
    group = call.integer("group", 1)
    if w.symmetric:
        return function(x, weight, bias, w.stride, w.before, w.dilation, group)
    return function(padded(x, w.before, w.after), weight, bias, w.stride, 0, w.dilation, group)


@operator("ConvTranspose")
def conv_transpose(call: Call, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    function = _TRANSPOSED.get(x.dim() - 2)
    if function is None:
        raise call.refused(f"{x.dim() - 2} spatial sides")
    w = window(call, x, weight.shape[2:])
    extra = call.integers("output_padding") or [0] * len(w.kernel)
    bare = [(n - 1) * s + r for n, s, r in zip(x.shape[2:], w.stride, w.reach, strict=True)]
    before, after = _cut(call, x, bare=bare, extra=extra, strides=w.stride)
    group = call.integer("group", 1)
    if before == after and min(before) >= 0 and all(e < s for e, s in zip(extra, w.stride, strict=True)):
        return function(x, weight, bias, w.stride, before, extra, group, w.dilation)
    # The output padding repeats no pixel: those places see the bias alone, as places of the bare result beyond it do.
    full = function(x, weight, None, w.stride, 0, 0, group, w.dilation)
    cut = padded(full, [-b for b in before], [e - a for e, a in zip(extra, after, strict=True)])
    return cut if bias is None else cut + bias.reshape(1, -1, *[1] * len(bare))


def _cut(
    call: Call, x: Tensor, *, bare: Sequence[int], extra: Sequence[int], strides: Sequence[int]
) -> tuple[list[int], list[int]]:
    """How much of the bare result is cut before and after."""
    mode, shape = call.text("auto_pad", "NOTSET"), call.integers("output_shape")
    if shape is None and mode.startswith("SAME"):
        shape = [n * s for n, s in zip(x.shape[2:], strides, strict=True)]
    if shape is None:
        pads = call.integers("pads") or [0] * (2 * len(bare))
        return pads[: len(bare)], pads[len(bare) :]
    total = [b + e - side for b, e, side in zip(bare, extra, shape[-len(bare) :], strict=True)]
    small = [t // 2 for t in total]
    large = [t - s for t, s in zip(total, small, strict=True)]
    return (small, large) if mode == "SAME_UPPER" else (large, small)


@operator("ConvInteger")
def conv_integer(
    call: Call, x: Tensor, weight: Tensor, x_zero: Tensor | None = None, weight_zero: Tensor | None = None
) -> Tensor:
    moved = x.double() - (0 if x_zero is None else x_zero.double())
    kernel = weight.double()
    if weight_zero is not None:
        kernel = kernel - weight_zero.double().reshape(-1, *[1] * (weight.dim() - 1))
    result = conv(call, moved, kernel)
    assert isinstance(result, Tensor)
    return result.to(torch.int32)
