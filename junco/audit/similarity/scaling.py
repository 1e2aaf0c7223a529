"""Ranges that published recipes bring maps [n, ...] to, each map by itself; a map without range becomes NaN."""

import torch
from torch import Tensor


def min_max(maps: Tensor) -> Tensor:
    """Smallest value to 0, largest to 1."""
    return _spread(maps, *maps.flatten(1).aminmax(dim=1))


def signed_unit(maps: Tensor) -> Tensor:
    """Smallest value to -1, largest to 1."""
    return 2 * min_max(maps) - 1


def percentile_clip(maps: Tensor) -> Tensor:
    """The 0.5th percentile to 0, the 99.5th to 1, and what lies beyond onto them.

    NaN if the two percentiles are equal, as for a map that is zero on all but 0.5 % of its pixels.
    """
    flat = maps.flatten(1)
    return _spread(maps, lower_quantile(flat, 0.005), -lower_quantile(-flat, 0.005)).clamp(0, 1)


def lower_quantile(rows: Tensor, share: float) -> Tensor:
    """Quantile [n] of ``rows`` [n, d] at ``share``, linearly interpolated; cheap where ``share`` is small."""
    place = share * (rows.shape[1] - 1)
    below = int(place)
    above = min(below + 1, rows.shape[1] - 1)
    smallest = rows.topk(above + 1, dim=1, largest=False).values
    return torch.lerp(smallest[:, below], smallest[:, above], place - below)


def _spread(maps: Tensor, low: Tensor, high: Tensor) -> Tensor:
    shape = (-1,) + (1,) * (maps.ndim - 1)
    return (maps - low.view(shape)) / (high - low).view(shape)
