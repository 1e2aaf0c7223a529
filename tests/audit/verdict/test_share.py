"""Wilson's interval against published and simulated figures."""

import math

import numpy as np
import pytest
from scipy import stats

from junco.audit.verdict import Share, chance, share
from junco.audit.verdict.share import least_trials


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (15, 148, 0.0624, 0.1605), (81, 263, 0.2553, 0.3662)],
)
def test_bounds_are_wilsons(successes: int, trials: int, low: float, high: float) -> None:
    """Newcombe 1998, table I, method 3, 81 of 263 and 15 of 148; 0 of n ends at z^2 / (n + z^2) (four digits)."""
    assert Share(successes, trials).bounds(0.05) == pytest.approx((low, high), abs=6e-5)


def test_the_interval_covers_what_it_promises() -> None:
    """Mean coverage over rates from .02 to .98 at n = 30 is 95 % (exact binomial sums: within a point and a half)."""
    n = 30
    bounds = [Share(k, n).bounds(0.05) for k in range(n + 1)]
    rates = np.linspace(0.02, 0.98, 97)
    weights = [[math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)] for p in rates]
    inside = [[low <= p <= high for low, high in bounds] for p in rates]
    covers = (np.array(weights) * np.array(inside)).sum(axis=1)
    assert np.mean(covers) == pytest.approx(0.95, abs=0.015)


def test_what_was_no_trial_does_not_count() -> None:
    """NaN is neither a success nor a failure; without a trial nothing is known."""
    assert share(np.array([1.0, 0.0, np.nan, 1.0])) == Share(2, 3)
    assert share(np.array([np.nan])).bounds(0.05) == (0.0, 1.0)
    assert math.isnan(share(np.array([])).rate)


def test_chance_passes_its_limit_once_in_a_hundred_times() -> None:
    """By scipy's binomial tail: the limit is exceeded with at most 1 %, one hit less with more."""
    for trials, rate in ((20, 0.1), (100, 0.1), (24, 0.5)):
        limit = chance(trials, rate)
        assert stats.binom.sf(limit, trials, rate) <= 0.01 < stats.binom.sf(limit - 1, trials, rate)


def test_how_many_failures_acquit() -> None:
    """Without a success the interval falls below a tenth at 35 trials, not at 34."""
    least = least_trials(0.1, 0.05)
    assert least == 35
    assert Share(0, least).bounds(0.05)[1] < 0.1 <= Share(0, least - 1).bounds(0.05)[1]
