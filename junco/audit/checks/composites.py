"""Two photos in one picture: the map of each one's class must lie where that one is (Heo et al. 2019, active fooling).

A map's contrast is the share of it in the left half when the left photo's class is asked for, less that when the right
one's is: 1 at best, below zero where the two maps are exchanged. Of its positive part, and of its magnitudes: gradients
are looked at as magnitudes, and a network can exchange these alone.
"""

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from junco.audit.batch import Batch


def partners(targets: Tensor) -> Tensor:
    """For each image the place of the next one, in the order of the batch, of another class; its own if there is none.

    Classes alternate as far as they can, so that a plan of two classes meets that pair alone.
    """
    count = len(targets)
    found = []
    for i in range(count):
        ring = [(i + step) % count for step in range(1, count)]
        found.append(next((j for j in ring if targets[j] != targets[i]), i))
    return torch.tensor(found, device=targets.device)


def composites(batch: Batch, others: Tensor) -> Batch:
    """Each image squeezed to the left half, its partner to the right one; targets are those of the left."""
    height, width = batch.x.shape[2:]
    halves = zip((batch.x, batch.x[others]), (width // 2, width - width // 2), strict=True)
    squeezed = [
        interpolate(x, size=(height, wide), mode="bilinear", align_corners=False, antialias=True) for x, wide in halves
    ]
    return replace(batch, x=torch.cat(squeezed, 3))


def contrast(left: Tensor, right: Tensor) -> Tensor:
    """Contrast [n] of masses [n, h, w], of the left and of the right photo's class; NaN where one has none."""
    return _left_share(left) - _left_share(right)


def _left_share(mass: Tensor) -> Tensor:
    total = mass.sum((1, 2))
    return mass[:, :, : mass.shape[2] // 2].sum((1, 2)) / torch.where(total > 0, total, torch.nan)
