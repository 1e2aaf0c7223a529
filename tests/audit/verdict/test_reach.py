"""How much more data would decide: against the bounds themselves, on tables that grow."""

import math

import numpy as np
import pytest
from scipy import stats

from junco.audit.verdict.interval import TwoWay, two_way
from junco.audit.verdict.reach import all_of, any_of, growth, sample
from junco.contract.statistics import Sample

DOUBTFUL = TwoWay(mean=0.2, v=0.003, df=12.0)


@pytest.mark.parametrize("alpha", [0.05, 0.025, 0.05 / 12])
@pytest.mark.parametrize("gap", [0.02, 0.05, 0.08])
def test_at_the_forecast_both_errors_just_fit(gap: float, alpha: float) -> None:
    """(t(1 - alpha) + t(.8)) sqrt(v / c) = gap at c df by scipy's own t, to the thousandth that c is known to."""
    factor = growth(DOUBTFUL, gap, alpha)
    assert factor is not None
    t = stats.t(12 * factor)
    assert (t.ppf(1 - alpha) + t.ppf(0.8)) * math.sqrt(0.003 / factor) == pytest.approx(gap, rel=2e-3)


def test_what_is_decided_with_room_to_spare_needs_nothing_more() -> None:
    """The least factor is 1."""
    assert growth(DOUBTFUL, 0.2, 0.05) == 1.0


@pytest.mark.parametrize("gap", [0.0, -0.1, 1e-6])
def test_a_mean_on_the_wrong_side_is_decided_by_no_number_of_images(gap: float) -> None:
    """Nor is one so near to the bound that it would take more than MOST times the data."""
    assert growth(DOUBTFUL, gap, 0.05) is None
    assert growth(None, 0.5, 0.05) is None


def test_without_variance_any_gap_is_decided() -> None:
    """A deterministic method on a deterministic model."""
    assert growth(TwoWay(mean=0.2, v=0.0, df=4.0), 1e-9, 0.05) == 1.0


def test_at_the_forecast_four_tables_in_five_decide() -> None:
    """Image sd .4, seed sd .05, residual .1, a true mean .06 below the bound: 300 tables of the forecast size.

    Standard error 2.3 %; the residual falls by the square of the factor and tables are whole, so a little more decide.
    """

    def table(rng: np.random.Generator, images: int, seeds: int) -> TwoWay:
        effects = rng.normal(0, 0.4, (images, 1)) + rng.normal(0, 0.05, (1, seeds))
        found = two_way(effects + rng.normal(0, 0.1, (images, seeds)))
        assert found is not None
        return found

    rng, gap = np.random.default_rng(1), 0.06
    v = 0.4**2 / 20 + 0.05**2 / 5 + 0.1**2 / 100
    size = sample(growth(TwoWay(mean=0.0, v=v, df=19.0), gap, 0.05), 20, 5)
    assert size is not None
    assert size.draws is not None
    assert size.images > 100
    decided = [table(rng, size.images, size.draws).upper(0.05) < gap for _ in range(300)]
    assert 0.74 < np.mean(decided) < 0.9


def test_all_claims_take_the_largest_factor_and_any_the_smallest() -> None:
    """One claim that nothing decides leaves "all" undecided, and "any" to the others."""
    assert (all_of([1.5, 3.0]), any_of([1.5, 3.0])) == (3.0, 1.5)
    assert (all_of([1.5, None]), any_of([1.5, None])) == (None, 1.5)
    assert (all_of([]), any_of([])) == (None, None)


def test_samples_are_rounded_up_and_a_single_draw_stays_single() -> None:
    """2.1 times 20 images and 5 seeds; a deterministic method has no draws to add."""
    assert sample(2.1, 20, 5) == Sample(images=42, draws=11)
    assert sample(2.1, 20) == Sample(images=42)
    assert sample(None, 20, 5) is None
    assert (str(Sample(images=42, draws=11)), str(Sample(images=42))) == ("42 images and 11 draws", "42 images")
