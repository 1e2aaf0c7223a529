"""Numbers that a shift does not round, and ranks that rounding does not move."""

import math
from dataclasses import replace

import torch
from torch import Tensor

from junco.audit.batch import Batch, Box

_STEPS = {torch.float64: 2.0**-33, torch.float32: 2.0**-16}


def dyadic(values: Tensor, grid: float = 2.0**24) -> Tensor:
    """``values`` to the nearest multiple of 1 / ``grid``, so that x + m - m is x to the last bit (``grid_of``).

    Otherwise rounding breaks ties of max-pooling in flat regions: the outputs agree and the gradients do not.
    """
    return torch.round(values * grid) / grid


def grid_of(batch: Batch, shift: Tensor) -> float:
    """Parts of one that numbers as large as these can be counted in exactly, in the type of ``batch.x``.

    A black box computes in float32, of which every multiple of 1 / grid below 2^24 / grid is a number.
    """
    if batch.x.dtype == torch.float64:
        return 2.0**24
    edges = torch.stack([batch.box.low, batch.box.high]).to(batch.x)
    sizes = [batch.x, batch.x + shift, shift, edges, edges + shift.mean((1, 2))]
    largest = max(float(size.abs().max()) for size in sizes)
    return 2.0 ** min(16, math.floor(24 - math.log2(max(largest, 1.0))) - 1)


def on_grid(batch: Batch, grid: float) -> Batch:
    """``batch`` with all of its pixels, and the ends of their range, on the grid."""
    others = None if batch.references is None else dyadic(batch.references, grid)
    # The box too: a pixel that is black stays equal to the baseline that is called black.
    box = Box(*(dyadic(edge.to(batch.x), grid) for edge in (batch.box.low, batch.box.high, batch.box.mean)))
    return replace(batch, x=dyadic(batch.x, grid), box=box, references=others)


def evened(maps: Tensor, like: Tensor) -> Tensor:
    """``maps`` [n, H, W] in steps of what rounding can move next to the peak of ``like``.

    Otherwise zeros that became rounding errors would rank at random: where pixels never vary, patterns are such.
    """
    step = like.abs().flatten(1).amax(1) * _STEPS[like.dtype]
    step = torch.where(step > 0, step, 1).view(-1, *[1] * (like.dim() - 1))
    return torch.round(maps / step)
