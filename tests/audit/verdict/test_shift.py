"""The rule of input_shift, case by case (docs/verdicts.md, section 3)."""

import numpy as np
import pytest

from junco.audit.verdict import ShiftJudgement, decisive, judge_shift
from junco.contract.catalogue import Verdict
from junco.contract.thresholds import Thresholds

T = Thresholds()


def verdict(difference: list[float], rho: list[float], *, holds: bool = True) -> Verdict:
    """The word on these per-image numbers."""
    return judge_shift(np.array(difference), np.array(rho), holds=holds, thresholds=T).verdict


@pytest.mark.parametrize(
    ("difference", "rho", "word"),
    [
        ([0.0, 0.0, 0.0], [1.0, 1.0, 1.0], Verdict.PASS),
        ([1e-3, 1e-3, 1e-3], [0.999, 1.0, 1.0], Verdict.PASS),
        ([1.1e-3] * 3, [1.0] * 3, Verdict.INCONCLUSIVE),
        ([0.0, 0.0, 0.0], [1.0, 0.998, 1.0], Verdict.INCONCLUSIVE),
        ([0.05] * 3, [1.0] * 3, Verdict.FAIL),
        ([0.049] * 3, [-0.5] * 3, Verdict.INCONCLUSIVE),
        ([2.2, 3.2, 0.0], [-0.56, -0.48, 1.0], Verdict.FAIL),
        ([0.0, 0.0, 9.0], [1.0, 1.0, 1.0], Verdict.PASS),
    ],
)
def test_the_median_difference_and_the_least_rank_correlation_decide(
    difference: list[float], rho: list[float], word: Verdict
) -> None:
    """PASS: median d <= 1e-3 and min rho >= .999. FAIL: median d >= .05. Else numerics: INCONCLUSIVE."""
    assert verdict(difference, rho) is word


def test_networks_that_disagree_prove_nothing() -> None:
    """Without equal outputs neither a still map nor a moved one means anything."""
    assert verdict([0.0], [1.0], holds=False) is Verdict.INVALID
    assert verdict([3.0], [-1.0], holds=False) is Verdict.INVALID


def test_maps_without_values_are_invalid() -> None:
    """More than a fifth of zero or non-finite maps; a fifth is still judged on the rest."""
    nan = float("nan")
    assert verdict([nan, nan, 0.0, 0.0], [nan, nan, 1.0, 1.0]) is Verdict.INVALID
    assert verdict([nan, 0.0, 0.0, 0.0, 0.0], [nan, 1.0, 1.0, 1.0, 1.0]) is Verdict.PASS


def test_a_constant_map_is_judged_on_its_values() -> None:
    """O9 under a shift: no ranks, no warning, and a map that does not move passes."""
    nan = float("nan")
    assert verdict([0.0, 0.0], [nan, nan]) is Verdict.PASS


def test_the_numbers_are_those_of_the_rule() -> None:
    """Median difference and least correlation are reported."""
    judged = judge_shift(np.array([0.1, 0.2, 0.9]), np.array([0.3, -0.2, 0.8]), holds=True, thresholds=T)
    assert (judged.difference, judged.rho) == pytest.approx((0.2, -0.2))


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ((Verdict.PASS, Verdict.FAIL), 1), ((Verdict.INVALID, Verdict.PASS), 0), ((Verdict.PASS, Verdict.PASS), 0),
        ((Verdict.INCONCLUSIVE, Verdict.INVALID, Verdict.FAIL), 2), ((Verdict.PASS, Verdict.INCONCLUSIVE), 1),
    ],
)  # fmt: skip
def test_of_several_shifts_the_worst_decides(words: tuple[Verdict, ...], place: int) -> None:
    """Any fail, then any doubt; the first of equals."""
    assert decisive([ShiftJudgement(word, "", None, None) for word in words]) == place
