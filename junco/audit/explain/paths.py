"""Paths from a baseline to the image: where they are looked at, and what a map along them must sum to."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

from junco.audit.explain.noise import Stream, uniform
from junco.audit.explain.passes import Pass
from junco.contract.catalogue.gradient_parameters import Quadrature

Rule = Callable[[int], tuple[list[float], list[float]]]


def rule(quadrature: Quadrature, steps: int) -> list[tuple[float, float]]:
    """Places in [0, 1] and their weights. All weights sum to 1, unlike those of Captum's trapezoid."""
    places, weights = _RULES[quadrature](steps)
    return list(zip(places, weights, strict=True))


def _gauss_legendre(steps: int) -> tuple[list[float], list[float]]:
    # Our own, because Captum's rounds its weights to float32 even for float64 models.
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    return ((nodes + 1) / 2).tolist(), (weights / 2).tolist()


def _trapezoid(steps: int) -> tuple[list[float], list[float]]:
    inner = 1 / (steps - 1)
    return [k * inner for k in range(steps)], [inner / 2, *[inner] * (steps - 2), inner / 2]


def _linspace(steps: int) -> tuple[list[float], list[float]]:
    return [k / (steps - 1) for k in range(steps)], [1 / steps] * steps


def _parts(at: float) -> Rule:
    return lambda steps: ([(k + at) / steps for k in range(steps)], [1 / steps] * steps)


_RULES: Mapping[Quadrature, Rule] = {
    "gauss_legendre": _gauss_legendre,
    "trapezoid": _trapezoid,
    "riemann_right": _parts(1.0),
    "riemann_middle": _parts(0.5),
    "linspace": _linspace,
}


def random_places(run: Pass, samples: int, stream: Stream) -> Iterator[Tensor]:
    """``samples`` places [n, 1, 1, 1] in [0, 1), uniform, one in each of as many equal parts.

    Taking one from each part leaves the mean where it is and takes most of the chance out of it.
    """
    for k in range(samples):
        u = uniform((), seed=run.seed, stream=stream, index=run.batch.index, draw=k, device=run.x.device)
        yield ((u + k) / samples).to(run.x.dtype).view(-1, 1, 1, 1)


def climbed(run: Pass, ends: Callable[[int], tuple[Tensor, Tensor]], samples: int) -> Tensor:
    """Mean over paths of z_c(end) - z_c(start), [n]; ``ends`` gives start and end of path k, [n, C, H, W]."""
    total = run.x.new_zeros(len(run.x))
    for k in range(samples):
        start, end = ends(k)
        total += run.scores_at(end) - run.scores_at(start.expand_as(end).contiguous())
    return total / samples


def residual(maps: Tensor, climbed: Tensor) -> Tensor:
    """How far ``maps`` are from summing to what the score climbed, |sum A - climbed| / |climbed|, [n]; 0 is exact."""
    missed = (maps.sum(dim=(1, 2, 3)) - climbed).abs()
    return torch.where(missed == 0, missed, missed / climbed.abs())
