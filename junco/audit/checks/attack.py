"""What attacks on maps have in common: pixels as shares of their range, and maps as shares of their sum."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.checks.randomise import generator_for
from junco.audit.explanation import MapFunction
from junco.audit.model import Canonical

_SAME = 1e-5
"""Largest difference of a linear model's gradients, over the largest, that rounding can make."""

Measure = Callable[[Tensor, Tensor], Tensor]
"""Similarity [n] of two sets of images or maps."""


@dataclass(frozen=True)
class Likeness:
    """How images [n, C, H, W] in [0, 1] and maps [n, H, W] are compared."""

    images: Measure
    maps: Measure
    correlation: Measure


@dataclass(frozen=True)
class Range:
    """The data's valid box, so that a pixel can be given as its share of the way from the low end to the high."""

    low: Tensor
    span: Tensor

    @classmethod
    def of(cls, batch: Batch) -> "Range":
        """The range of ``batch``, [1, C, 1, 1]."""
        low, high = (end.to(batch.x).view(1, -1, 1, 1) for end in (batch.box.low, batch.box.high))
        return cls(low, high - low)

    def shares(self, x: Tensor) -> Tensor:
        """Model input as shares in [0, 1]; rounding beyond the box is cut off."""
        return ((x - self.low) / self.span).clamp(0, 1)

    def inputs(self, shares: Tensor) -> Tensor:
        """Shares as model input."""
        return self.low + shares * self.span


@dataclass(frozen=True)
class Target:
    """A map under attack: of which model, as which function, smoothed how."""

    model: Canonical
    function: MapFunction
    seed: int
    samples: int = 0
    rows: int = 8
    """Images followed at once: the graph of every pass that a map takes is held until it has been followed back."""

    def parts(self, count: int) -> Iterator[slice]:
        """``count`` images in parts that are followed together."""
        yield from (slice(i, i + self.rows) for i in range(0, count, self.rows))

    def at(self, batch: Batch, x: Tensor, beta: float | None) -> Tensor:
        """Its shares [n, H, W] at images ``x``, which autograd can follow where they require a gradient."""
        raw = self.function(self.model, replace(batch, x=x), seed=self.seed, beta=beta, samples=self.samples)
        return shares(raw)


def shares(raw: Tensor) -> Tensor:
    """The map [n, H, W] of magnitudes summed over channels, as shares of its sum; NaN where there is no map."""
    mass = raw.abs().sum(1)
    total = mass.sum((1, 2), keepdim=True)
    return mass / torch.where(total > 0, total, torch.nan)


def slope(loss: Tensor, x: Tensor) -> Tensor:
    """Gradient of ``loss`` at ``x``; zero where it does not depend on it, as a linear model's map does not."""
    if not loss.requires_grad:
        return torch.zeros_like(x)
    (found,) = torch.autograd.grad(loss, x, allow_unused=True)
    return torch.zeros_like(x) if found is None else found.nan_to_num(0.0)


def kinked(model: Canonical, batch: Batch) -> bool:
    """Whether all that bends ``model`` are kinks: its gradient differs from image to image, and no small step moves it.

    Second derivatives are zero there, and an attack that follows them stays where it is. So they are on a linear model,
    whose maps nothing moves.
    """
    points = torch.cat([batch.x[:2], batch.x[:2].flip(-1)]).detach().requires_grad_()
    with torch.enable_grad():
        score = model(points)[:, int(batch.targets[0])].sum()
        (slopes,) = torch.autograd.grad(score, points, create_graph=True)
        directions = torch.randn(points.shape, generator=generator_for("kinks")).to(points)
        bend = slope((slopes * directions).sum(), points)
    apart = (slopes - slopes[:1]).abs().max() > _SAME * slopes.abs().max()
    return bool(apart) and not bool(bend.any())
