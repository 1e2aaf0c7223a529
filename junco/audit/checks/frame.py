"""The frame of an image, onto which the plainest lie moves every map: a seventh of the shorter side wide."""

import torch
from torch import Tensor

_SEVENTH = 7


def framed(mass: Tensor) -> Tensor:
    """Share [n] of magnitudes [n, H, W] that lies within the frame."""
    total = mass.sum((1, 2))
    wide = frame_width(mass.shape[1], mass.shape[2])
    inside = mass[:, wide:-wide, wide:-wide].sum((1, 2))
    return 1 - inside / torch.where(total > 0, total, torch.nan)


def frame_width(height: int, width: int) -> int:
    """Pixels of the frame: a seventh of the shorter side."""
    return max(1, min(height, width) // _SEVENTH)


def frame_area(height: int, width: int) -> float:
    """The frame's share of the image: what a map without preference has there."""
    wide = frame_width(height, width)
    return 1 - (height - 2 * wide) * (width - 2 * wide) / (height * width)
