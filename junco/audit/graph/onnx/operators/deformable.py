"""Deformable convolution (Dai et al. 2017, arXiv:1703.06211; with a mask, Zhu et al. 2018, arXiv:1811.11168)."""

import torch
from torch import Tensor
from torch.nn import functional

from junco.audit.graph.onnx.operators.padding import Window, window
from junco.audit.graph.onnx.registry import Call, operator


@operator("DeformConv", since=19)
def deform_conv(
    call: Call, x: Tensor, weight: Tensor, offset: Tensor, bias: Tensor | None = None, mask: Tensor | None = None
) -> Tensor:
    if x.dim() != 4:
        raise call.refused(f"{x.dim() - 2} spatial sides")
    n, channels, height, width = x.shape
    groups, places = call.integer("offset_group", 1), weight.shape[2] * weight.shape[3]
    rows, columns = offset.shape[2:]
    moved = offset.reshape(n * groups, places, 2, rows, columns)
    bases = _bases(window(call, x, weight.shape[2:]), rows, columns)
    y, x_at = ((moved[:, :, side] + base).flatten(1) for side, base in enumerate(bases))
    seen = _between(x.reshape(n * groups, channels // groups, height, width), y, x_at)
    seen = seen.reshape(n, groups, channels // groups, places, rows, columns)
    if mask is not None:
        seen = seen * mask.reshape(n, groups, 1, places, rows, columns)
    flat = weight.reshape(weight.shape[0], weight.shape[1] * places, 1, 1)
    return functional.conv2d(
        seen.reshape(n, channels * places, rows, columns), flat, bias, groups=call.integer("group", 1)
    )


def _bases(w: Window, rows: int, columns: int) -> tuple[Tensor, Tensor]:
    """Row and column that each place of the kernel reads without an offset: [kernel places, rows, columns] each."""
    down = torch.arange(w.kernel[0]) * w.dilation[0] - w.before[0]
    along = torch.arange(w.kernel[1]) * w.dilation[1] - w.before[1]
    y = down.repeat_interleave(w.kernel[1]).reshape(-1, 1, 1) + (torch.arange(rows) * w.stride[0]).reshape(1, -1, 1)
    x = along.repeat(w.kernel[0]).reshape(-1, 1, 1) + (torch.arange(columns) * w.stride[1]).reshape(1, 1, -1)
    return y.expand(-1, -1, columns), x.expand(-1, rows, -1)


def _between(x: Tensor, y: Tensor, x_at: Tensor) -> Tensor:
    """``x`` [n, c, h, w] at the places [n, p], from its four neighbours each, zero beyond the edge: [n, c, p]."""
    height, width = x.shape[2:]
    flat, top, left = x.flatten(2), torch.floor(y), torch.floor(x_at)
    found = torch.zeros(())
    for down, along in ((0, 0), (0, 1), (1, 0), (1, 1)):
        row, column = top + down, left + along
        share = (1 - (y - row).abs()) * (1 - (x_at - column).abs())
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        place = row.clamp(0, height - 1) * width + column.clamp(0, width - 1)
        read = flat.gather(2, place.to(torch.int64).unsqueeze(1).expand(-1, flat.shape[1], -1))
        found = found + read * torch.where(inside, share, 0.0).unsqueeze(1)
    return found
