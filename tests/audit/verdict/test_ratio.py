"""Fieller's bounds: against their closed form, and by their coverage."""

import numpy as np
import pytest
from scipy import stats

from junco.audit.verdict.ratio import ratio


def test_bounds_are_the_roots_of_fiellers_quadratic() -> None:
    """With one draw the interval is Student's over images: (a - k b)^2 = t^2 (v_a - 2 k c + k^2 v_b)."""
    rng = np.random.default_rng(0)
    bottom = rng.normal(1.0, 0.3, (30, 1))
    top = 0.5 * bottom + rng.normal(0, 0.2, (30, 1))
    a, b = top.mean(), bottom.mean()
    v = np.cov(top[:, 0], bottom[:, 0]) / 30
    t = stats.t.ppf(0.975, 29) ** 2
    roots = np.roots([b * b - t * v[1, 1], -2 * (a * b - t * v[0, 1]), a * a - t * v[0, 0]])
    found = ratio(top, bottom, alpha=0.05)
    assert found is not None
    assert found.mean == pytest.approx(a / b)
    assert [found.lower, found.upper] == pytest.approx(sorted(roots), abs=1e-5)  # bisection ends at 1e-6


def test_bounds_cover_the_truth_as_often_as_promised() -> None:
    """400 tables of 30 images and 4 draws, ratio .5, noisy top and bottom: 95 % within 89 and 99.5 %."""
    rng, hits = np.random.default_rng(1), 0
    for _ in range(400):
        images, draws = rng.normal(0, 0.1, (30, 1)), rng.normal(0, 0.05, (1, 4))
        bottom = 0.3 + images + draws + rng.normal(0, 0.1, (30, 4))
        top = 0.15 + 0.5 * images + rng.normal(0, 0.05, (1, 4)) + rng.normal(0, 0.1, (30, 4))
        found = ratio(top, bottom, alpha=0.05)
        hits += found is not None and (found.lower or -9) <= 0.5 <= (found.upper or 9)
    assert 0.89 < hits / 400 < 0.995


@pytest.mark.parametrize(("bottom", "none"), [(-0.5, True), (0.02, False)])
def test_a_bottom_that_may_be_zero_has_no_bounds(bottom: float, none: bool) -> None:
    """Below zero there is no ratio at all; about zero there is one without bounds."""
    noise = np.random.default_rng(2).normal(0, 0.2, (10, 3))
    found = ratio(noise - noise.mean() + 0.1, noise.T.reshape(10, 3) - noise.mean() + bottom, alpha=0.05)
    assert (found is None) is none
    assert found is None or (found.lower, found.upper) == (None, None)
