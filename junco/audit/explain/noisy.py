"""SmoothGrad's noise, and the gradient's moments under it: one set of passes for every method that smooths.

e ~ N(0, s_i^2), s_i = sigma * (max x_i - min x_i). The range is the unshifted image's and noisy copies are never
clipped: either would make the map move with an input shift. The noise of an image depends on the pass's seed and the
image's place in the plan only, so that two models, or two batchings, share it.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

import torch
from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.explain.noise import Stream, normal

C = TypeVar("C")


@dataclass(frozen=True)
class Moments:
    """Mean of the gradient over noise draws, and its variance (the mean squared distance from it), [n, C, H, W]."""

    mean: Tensor
    variance: Tensor


class _Pass(Protocol):
    batch: Batch
    seed: int

    def gradients(self, points: Iterable[tuple[Tensor, C]]) -> Iterator[tuple[Tensor, C]]: ...


def noisy(batch: Batch, sigma: float, *, seed: int, draw: int) -> Tensor:
    """The batch's images with the noise of ``draw`` added, [n, C, H, W]."""
    noise = normal(batch.x, seed=seed, stream=Stream.SMOOTHGRAD, index=batch.index, draw=draw)
    return batch.x + sigma * extent(batch) * noise


def extent(batch: Batch) -> Tensor:
    """Largest less smallest value of each unshifted image, [n, 1, 1, 1]."""
    plain = batch.x if batch.shift is None else batch.x - batch.shift.to(batch.x)
    return plain.amax(dim=(1, 2, 3), keepdim=True) - plain.amin(dim=(1, 2, 3), keepdim=True)


def moments(run: _Pass, sigma: float, counts: Collection[int]) -> dict[int, Moments]:
    """Moments over the first so many draws, for each of ``counts``.

    Welford's update: exactly zero variance where the gradient is constant, and no difference of large squares.
    """
    mean, spread = torch.zeros_like(run.batch.x), torch.zeros_like(run.batch.x)
    found: dict[int, Moments] = {}
    points = ((noisy(run.batch, sigma, seed=run.seed, draw=k), k + 1) for k in range(max(counts)))
    for gradient, count in run.gradients(points):
        away = gradient - mean
        mean = mean + away / count
        spread += away * (gradient - mean)
        if count in counts:
            found[count] = Moments(mean, spread / count)
    return found
