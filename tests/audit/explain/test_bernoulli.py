"""Confidence bounds by Kullback-Leibler divergence."""

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import rel_entr

from junco.audit.explain.bernoulli import level, lower, upper

HITS, DRAWS = np.array([0.0, 3.0, 17.0, 20.0]), np.array([20.0, 20.0, 20.0, 20.0])


def gap(q: float, *, p: float, draws: float, rate: float) -> float:
    """draws * KL(p, q) - rate, from scipy."""
    return float(draws * (rel_entr(p, q) + rel_entr(1 - p, 1 - q)) - rate)


def root(p: float, end: float, *, rate: float) -> float:
    """Where between p and ``end`` the bound lies, by scipy."""
    return float(brentq(lambda q: gap(q, p=p, draws=20.0, rate=rate), p, end))


@pytest.mark.parametrize("rate", [0.5, 3.0])
def test_the_bounds_solve_their_equation(rate: float) -> None:
    """The same as scipy's root finder, to a millionth."""
    above, below = upper(HITS, DRAWS, level=rate), lower(HITS, DRAWS, level=rate)
    for i, p in enumerate(HITS / DRAWS):
        if p < 1:
            assert above[i] == pytest.approx(root(p, 1 - 1e-12, rate=rate), abs=2e-6)
        if p > 0:
            assert below[i] == pytest.approx(root(p, 1e-12, rate=rate), abs=2e-6)
    assert above[-1] == 1
    assert below[0] == 0


def test_nothing_is_known_without_draws() -> None:
    """The whole interval, and less of it the more draws there are."""
    none, draws = np.zeros(3), np.array([0.0, 10.0, 1000.0])
    above = upper(none, draws, level=2.0)
    assert above[0] == 1
    assert above[0] > above[1] > above[2] > 0
    assert lower(none[:1], draws[:1], level=2.0)[0] == 0


def test_the_level_grows_with_arms_rounds_and_confidence() -> None:
    """By hand for one arm in the first round: b = log(405.5 / 0.05), b + log b."""
    first = level(1, 1, confidence=0.95)
    assert first == pytest.approx(np.log(8110) + np.log(np.log(8110)), rel=1e-12)
    assert first < level(2, 1, confidence=0.95) < level(2, 9, confidence=0.95) < level(2, 9, confidence=0.99)
