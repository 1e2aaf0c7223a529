"""The bootstrap of the paired t statistic: its size where nothing is there, and its power where something is."""

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from junco.audit.verdict.bootstrap import p_positive


def test_it_agrees_with_students_t_on_normal_differences() -> None:
    """For normal data both tests are right: p values of one sample lie within Monte Carlo error and a little more."""
    rng = np.random.default_rng(0)
    for mean in (-0.2, 0.0, 0.3, 0.6):
        sample = rng.normal(mean, 1, 30)
        expected = ttest_1samp(sample, 0, alternative="greater").pvalue
        assert p_positive(sample, rng) == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize(("name", "low", "high"), [("normal", 0.03, 0.075), ("skewed", 0.0, 0.075)])
def test_it_errs_about_as_often_as_promised(name: str, low: float, high: float) -> None:
    """400 samples of 20 with mean zero at level .05: the standard error of the share is .011."""
    rng = np.random.default_rng(1)
    draw = {"normal": lambda: rng.normal(size=20), "skewed": lambda: rng.exponential(size=20) - 1}[name]
    errors = np.mean([p_positive(draw(), rng, resamples=499) <= 0.05 for _ in range(400)])
    assert low <= errors <= high


def test_it_sees_a_plain_effect_and_not_its_opposite() -> None:
    """A mean two standard deviations above zero."""
    sample = np.random.default_rng(2).normal(2, 1, 20)
    assert p_positive(sample, np.random.default_rng(3)) < 0.001
    assert p_positive(-sample, np.random.default_rng(3)) > 0.99


def test_differences_without_spread_simply_hold_or_do_not() -> None:
    """All equal: certain. Fewer than two, or none defined: no claim."""
    rng = np.random.default_rng(0)
    assert p_positive(np.full(5, 0.1), rng) == 0
    assert p_positive(np.zeros(5), rng) == 1
    assert p_positive(np.array([1.0]), rng) == 1
    assert p_positive(np.array([np.nan, 2.0, np.nan]), rng) == 1


def test_the_same_generator_gives_the_same_answer() -> None:
    """A verdict does not depend on the day."""
    sample = np.random.default_rng(4).normal(0.3, 1, 20)
    first, second = (p_positive(sample, np.random.default_rng(9)) for _ in range(2))
    assert first == second
