"""Claims, their p values joined, and the data that would show them."""

import numpy as np
import pytest

from junco.audit.verdict.interval import TwoWay
from junco.audit.verdict.shown import NEVER, barely, every, over, several, under

MEAN = TwoWay(0.5, 0.1**2, 30)


def test_a_mean_is_shown_beyond_a_bound_and_not_on_its_other_side() -> None:
    """Five standard errors above zero; the p of being below is the rest, and no data would show that."""
    claim = over(MEAN, 0.0)
    assert claim.p == pytest.approx(MEAN.p_above(0.0))
    assert claim.p < 1e-4
    assert claim.growth(0.05) == 1.0
    assert under(MEAN, 0.0).p == pytest.approx(1 - claim.p)
    assert under(MEAN, 0.0).growth(0.05) is None
    assert (over(None, 0.0).p, over(None, 0.0).growth(0.05)) == (1.0, None)


def test_a_claim_of_all_is_as_sure_as_the_least_sure_and_waits_for_the_slowest() -> None:
    """The mean half a standard error beyond its bound asks for most data."""
    near, far = over(MEAN, 0.45), over(MEAN, 0.0)
    joined = every(far, near)
    assert joined.p == near.p
    assert joined.growth(0.05) == near.growth(0.05)
    assert every(far, NEVER).growth(0.05) is None
    assert every().p == 1.0


def test_one_of_several_is_corrected_for_their_number() -> None:
    """The smallest p times their number; two of three is twice the second; more than there are is nothing."""
    claims = [barely(0.01), barely(0.03), barely(0.5)]
    assert several(claims).p == pytest.approx(0.03)
    assert several(claims, least=2).p == pytest.approx(0.06)
    assert several(claims, least=3).p == pytest.approx(0.5)
    assert several(claims, least=4).p == 1.0


def test_data_for_several_are_those_of_the_last_that_is_needed_at_the_corrected_level() -> None:
    """Two of three at .05 are asked for at .025 each."""
    fast, slow = over(MEAN, 0.3), over(MEAN, 0.45)
    assert several([slow, fast, NEVER], least=2).growth(0.05) == slow.growth(0.025)
    assert several([slow, fast, NEVER]).growth(0.05) == fast.growth(0.05 / 3)
    assert several([fast, NEVER, NEVER], least=2).growth(0.05) is None


def test_a_conjunction_of_true_nulls_is_claimed_at_most_as_often_as_its_p_says() -> None:
    """ "Two of four hold" while one holds for sure and three sit on their bounds: p below .1 in a tenth of all draws at
    most; 4000 draws, two standard errors more are .11."""
    rng = np.random.default_rng(0)
    drawn = rng.uniform(size=(4000, 3))
    found = [several([barely(0.0), *map(barely, row)], least=2).p for row in drawn]
    assert np.mean(np.array(found) <= 0.1) <= 0.11
    assert np.mean(drawn.min(1) <= 0.1) > 0.2
