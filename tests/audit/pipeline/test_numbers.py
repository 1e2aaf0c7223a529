"""Published figures from tables."""

import math

import numpy as np
import pytest
from scipy import stats

from junco.audit.pipeline.numbers import interval, known, mean, median, point
from junco.audit.verdict import two_way


def test_an_interval_is_the_two_sided_95_percent_one() -> None:
    """Mean and t bounds of the two-way analysis; nothing where there is none."""
    y = np.random.default_rng(0).normal(size=(20, 4))
    found, analysis = interval(two_way(y)), two_way(y)
    assert analysis is not None
    width = stats.t(analysis.df).ppf(0.975) * math.sqrt(analysis.v)
    assert (found.mean, found.lower, found.upper) == pytest.approx((y.mean(), y.mean() - width, y.mean() + width))
    assert interval(None).model_dump() == {"mean": None, "lower": None, "upper": None}


def test_one_seed_has_an_interval_over_images() -> None:
    """A curve drawn once still shows the images' spread: scipy's t interval."""
    y = np.random.default_rng(1).normal(size=(8, 1))
    low, high = stats.t.interval(0.95, 7, loc=y.mean(), scale=stats.sem(y[:, 0]))
    found = point(y)
    assert (found.mean, found.lower, found.upper) == pytest.approx((y.mean(), low, high))


def test_one_value_has_no_interval_and_none_no_mean() -> None:
    """What is not known is None, never NaN: JSON has no NaN."""
    assert point(np.array([[0.3]])).model_dump() == {"mean": 0.3, "lower": None, "upper": None}
    assert point(np.full((3, 1), np.nan)).mean is None
    assert point(np.empty((0, 0))).mean is None
    assert mean(np.array([[np.nan, 1.0], [3.0, np.nan]])) == 2.0
    assert mean(np.full((2, 2), np.nan)) is None
    assert median(np.array([1.0, np.nan, 5.0, 2.0])) == 2.0
    assert median(np.full(3, np.nan)) is None
    assert median(None) is None
    assert (known(math.nan), known(math.inf), known(0.0)) == (None, None, 0.0)
