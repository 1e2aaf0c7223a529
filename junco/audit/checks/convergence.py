"""Cosine similarity convergence: does a rule remember what it started from? (Sixt et al. 2020)

What a method starts from for each class (the logit for LRP, 1 for the gradient) is mixed with random weights v from
N(0, 1) and carried back through an image by the method's rule, ``draws`` times. At each place of each layer's output,
|cosine| compares the directions over channels in which two draws arrive. 1: all that is left of v is a factor, of
either sign; then asking for another class can only scale the map or turn it over. Median and deciles are over places,
pairs of draws and images. Beside them stands what random directions would give in as many dimensions: the channels that
carry something at the place, and no more than there are classes to mix.

This file measures, and nothing here decides: it tells why a method fails class_sensitivity, or might on a deeper model.
Cost: 1 pass an image, and one way back for each of its draws and each method.
"""

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.checks.randomise import generator_for
from junco.audit.explanation import Carry
from junco.audit.partial import Key, Partial, Tick

QUANTILES = (0.1, 0.5, 0.9)
NAMES = ("lower", "median", "upper", "expected", "undefined")
"""What is kept of each layer: the quantiles, chance, and the share of pairs without a direction."""


@dataclass(frozen=True)
class ConvergenceStudy:
    """What the measurement works with: the rules, the number of classes, and of draws for each image."""

    carry: Carry
    classes: int
    seed: int
    draws: int
    tick: Tick = lambda _: None


def run(study: ConvergenceStudy, batch: Batch) -> Partial:
    """Carry random relevance back through every image of ``batch``.

    Keys of arrays: (label, "convergence", name) [layers] for each of NAMES, NaN where no pair of draws has a direction.
    Facts: ``layers`` by label, output first.
    """
    seen: dict[str, dict[str, list[Tensor]]] = defaultdict(lambda: defaultdict(list))
    for i, image in enumerate(batch.index):
        for label, signals in study.carry(batch.rows(i, i + 1), _mixes(study, image)):
            for layer, values in signals.items():
                seen[label][layer].append(torch.stack([cosines(values), chances(values, study.classes)]).cpu())
            study.tick(study.draws)
        study.tick(1)
    arrays = {key: values for label, layers in seen.items() for key, values in _summary(label, layers).items()}
    return Partial(arrays=arrays, facts={"layers": {label: list(layers) for label, layers in seen.items()}})


def cosines(signals: Tensor) -> Tensor:
    """|cosine| of every pair of ``signals`` [k, places, channels] at every place, [pairs * places].

    NaN where one of them is zero or not finite.
    """
    size = signals.abs().amax(-1, keepdim=True)
    unit = (signals / size).double()  # first by the largest, so that no square is lost to underflow
    unit /= torch.linalg.vector_norm(unit, dim=-1, keepdim=True)
    first, second = _pairs(signals)
    found: Tensor = (unit[first] * unit[second]).sum(-1).abs().clamp(max=1)
    return found.flatten()


def chances(signals: Tensor, classes: int) -> Tensor:
    """What random directions would give for each of ``cosines``: a linear rule has no more dimensions than ``classes``,
    nor than channels that carry something."""
    alive, (first, second) = signals != 0, _pairs(signals)
    dimensions = (alive[first] | alive[second]).sum(-1).clamp(min=1, max=classes)
    table = torch.tensor([expected(d) for d in range(1, classes + 1)], dtype=torch.float64, device=signals.device)
    return table[dimensions - 1].flatten()


def _pairs(signals: Tensor) -> tuple[Tensor, Tensor]:
    first, second = torch.triu_indices(len(signals), len(signals), offset=1).unbind()
    return first, second


def expected(dimensions: int) -> float:
    """Mean |cosine| of two random directions in so many dimensions: gamma(d/2) / (sqrt(pi) gamma((d+1)/2))."""
    return math.exp(math.lgamma(dimensions / 2) - math.lgamma((dimensions + 1) / 2)) / math.sqrt(math.pi)


def _mixes(study: ConvergenceStudy, image: int) -> Tensor:
    drawn = [generator_for("convergence", study.seed, draw, image) for draw in range(study.draws)]
    return torch.stack([torch.randn(study.classes, generator=generator) for generator in drawn])


def _summary(label: str, layers: Mapping[str, list[Tensor]]) -> Mapping[Key, NDArray[np.float32]]:
    rows = [_quantities(torch.cat(parts, dim=1).numpy()) for parts in layers.values()]
    columns = np.array(rows, dtype=np.float32).T
    return {(label, "convergence", name): values for name, values in zip(NAMES, columns, strict=True)}


def _quantities(pairs: NDArray[np.float64]) -> tuple[float, ...]:
    """NAMES of one layer from |cosine| and its chance [2, pairs]."""
    known = pairs[:, ~np.isnan(pairs[0])]
    if not known.size:
        return (*[math.nan] * (len(NAMES) - 1), 1.0)
    return (*np.quantile(known[0], QUANTILES), known[1].mean(), 1 - known.shape[1] / pairs.shape[1])
