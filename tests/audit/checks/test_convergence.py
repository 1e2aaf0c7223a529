"""Cosine similarity convergence of rules whose limit is known."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.checks.convergence import ConvergenceStudy, chances, cosines, expected, run
from junco.audit.explanation import Signals
from junco.audit.partial import Partial
from tests.audit.explain.models import images

CLASSES, DRAWS = 32, 4


@dataclass(frozen=True)
class Chain:
    """A rule that multiplies by the same matrices [channels, channels] at every place, layer after layer."""

    matrices: tuple[Tensor, ...]

    def __call__(self, batch: Batch, starts: Tensor) -> Iterator[tuple[str, Signals]]:
        signal, seen = starts.to(torch.float64), {}
        for depth, matrix in enumerate(self.matrices):
            signal = signal @ matrix
            seen[f"layer{depth}"] = signal[:, None].expand(-1, 6, -1)
        yield "rule", seen


def measured(*matrices: Tensor, batch: Batch | None = None, seed: int = 0) -> Partial:
    """The check on a chain of ``matrices``."""
    return run(ConvergenceStudy(Chain(matrices), CLASSES, seed=seed, draws=DRAWS), batch or images(8))


def medians(partial: Partial) -> list[float]:
    """Median |cosine| of each layer."""
    return [float(value) for value in partial.arrays["rule", "convergence", "median"]]


def test_a_chain_of_matrices_without_negative_entries_ends_in_one_direction() -> None:
    """Oracle O20: Perron's theorem; each layer of uniform entries brings any two starts closer."""
    generator = torch.Generator().manual_seed(0)
    found = medians(measured(*torch.rand(12, CLASSES, CLASSES, generator=generator, dtype=torch.float64)))
    assert found[0] < 0.6
    assert found[-1] == pytest.approx(1.0, abs=1e-9)


def test_the_identity_keeps_whatever_it_started_from() -> None:
    """However deep: the |cosine| of two random directions, the same at every layer."""
    partial = measured(*torch.eye(CLASSES, dtype=torch.float64).expand(12, -1, -1))
    found = medians(partial)
    assert found == pytest.approx([found[0]] * 12)
    # 48 pairs about a mean of .14 and a standard deviation of .10.
    assert found[0] == pytest.approx(expected(CLASSES), abs=0.06)
    assert partial.arrays["rule", "convergence", "expected"].tolist() == pytest.approx([expected(CLASSES)] * 12)
    lower, upper = (partial.arrays["rule", "convergence", name][0] for name in ("lower", "upper"))
    assert lower < 0.06 < 0.2 < upper


def test_a_factor_of_either_sign_is_all_that_is_left() -> None:
    """A matrix of rank one turns random starts over at random, and still has only one direction."""
    generator = torch.Generator().manual_seed(1)
    left, right = torch.randn(2, CLASSES, generator=generator, dtype=torch.float64)
    assert medians(measured(torch.outer(left, right))) == pytest.approx([1.0])


def test_cosines_are_those_of_all_pairs_at_all_places() -> None:
    """By hand, for three draws at two places; values far below what squares hold count like others."""
    signals = torch.tensor([[[1.0, 0.0], [3.0, 4.0]], [[1.0, 1.0], [-6.0, -8.0]], [[0.0, 2.0], [4.0, 3.0]]])
    wanted = [math.sqrt(0.5), 1.0, 0.0, 24 / 25, math.sqrt(0.5), 24 / 25]
    for scale in (1.0, 1e-35, 1e35):
        assert cosines(signals * scale).tolist() == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("broken", [0.0, float("nan"), float("inf")])
def test_where_nothing_arrives_there_is_no_direction(broken: float) -> None:
    """A place where one draw died or exploded is left out, and counted."""
    signals = torch.ones(2, 4, 3)
    signals[0, 1] = broken
    assert cosines(signals).isnan().tolist() == [False, True, False, False]


def test_a_rule_that_dies_has_no_median() -> None:
    """All zero from the second layer on: undefined, neither 0 nor 1."""
    partial = measured(torch.eye(CLASSES, dtype=torch.float64), torch.zeros(CLASSES, CLASSES, dtype=torch.float64))
    assert np.isnan(medians(partial)[1])
    assert partial.arrays["rule", "convergence", "undefined"].tolist() == [0.0, 1.0]


@pytest.mark.parametrize("dimensions", [1, 2, 3, 10, 300])
def test_chance_is_that_of_random_directions(dimensions: int) -> None:
    """1, 2/pi and 1/2 for one to three dimensions, and 4000 pairs of normal vectors for all, to four deviations."""
    known = {1: 1.0, 2: 2 / math.pi, 3: 0.5}
    a, b = np.random.default_rng(0).normal(size=(2, 4000, dimensions))
    drawn = np.abs((a * b).sum(1)) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    assert expected(dimensions) == pytest.approx(drawn.mean(), abs=4 * drawn.std() / math.sqrt(4000) + 1e-12)
    assert expected(dimensions) == pytest.approx(known.get(dimensions, expected(dimensions)))


def test_chance_counts_channels_that_carry_something() -> None:
    """Two of five channels alive in either draw: 2/pi; all five of them, but three classes: one half."""
    signals = torch.zeros(2, 2, 5)
    signals[0, 0, 1], signals[1, 0, 3] = 1.0, -2.0
    signals[:, 1] = 1.0
    assert chances(signals, classes=3).tolist() == pytest.approx([2 / math.pi, 0.5])


def test_starts_belong_to_the_image_and_to_the_seed() -> None:
    """The same images in other company start from the same; another seed starts from something else."""
    batch, eye = images(4), torch.eye(CLASSES, dtype=torch.float64)
    whole, alone = measured(eye, batch=batch), measured(eye, batch=batch.rows(2, 3))
    assert medians(measured(eye, batch=batch)) == medians(whole)
    assert medians(alone) == medians(measured(eye, batch=batch.rows(2, 3)))
    assert medians(alone) != medians(measured(eye, batch=batch.rows(1, 2)))
    assert medians(whole) != medians(measured(eye, batch=batch, seed=1))
