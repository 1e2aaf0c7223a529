"""The rule of fragility, case by case."""

import numpy as np
import pytest

from junco.audit.verdict import AimNumbers, FragilityJudgement, judge_fragility
from junco.contract.catalogue import Aim, Verdict
from junco.contract.thresholds import Thresholds

T = Thresholds()
N = 20


def numbers(attack: float, noise: float, *, spread: float = 0.02, lost: int = 0) -> AimNumbers:
    """Overlaps about these means; the first ``lost`` images have no map."""
    rng = np.random.default_rng(0)
    wobble = rng.normal(0, spread, N)
    left, right = attack + wobble - wobble.mean(), np.full(N, noise)
    left[:lost] = right[:lost] = np.nan
    return AimNumbers(attack=left, noise=right)


def judged(least: int = 10, **aims: AimNumbers) -> FragilityJudgement:
    """One method; aims that are not given lose nothing."""
    quiet = numbers(0.9, 0.9)
    (found,) = judge_fragility({"m": {aim: aims.get(aim.value, quiet) for aim in Aim}}, T, least=least)
    return found


@pytest.mark.parametrize("aim", Aim)
def test_one_aim_that_takes_the_top_fails(aim: Aim) -> None:
    """Thirty per cent more than noise, whichever aim; the reason says how much."""
    found = judged(**{aim.value: numbers(0.2, 0.9)})
    assert found.verdict is Verdict.FAIL
    assert found.aims[aim].decision is Verdict.FAIL
    assert "70%" in found.reason


def test_nothing_lost_beyond_noise_passes() -> None:
    """Below a tenth for every aim; a quarter for one of them decides nothing."""
    assert judged().verdict is Verdict.PASS
    assert judged(top_k=numbers(0.65, 0.9)).verdict is Verdict.INCONCLUSIVE


def test_noise_that_takes_the_map_leaves_nothing_to_judge() -> None:
    """An attack cannot take what noise has taken: no acquittal, and the reason says so."""
    same = numbers(0.3, 0.3)
    found = judged(top_k=same, mass_centre=same, region=same)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "noise of this size alone" in found.reason


def test_few_images_and_wide_intervals_give_no_word() -> None:
    """Either way."""
    assert judged(least=50).verdict is Verdict.INCONCLUSIVE
    assert judged(least=50, top_k=numbers(0.1, 0.9)).verdict is Verdict.INCONCLUSIVE
    assert judged(top_k=numbers(0.5, 0.9, spread=1.0)).verdict is Verdict.INCONCLUSIVE


def test_fewer_images_than_are_needed_for_a_word_would_not_decide() -> None:
    """Twenty images that vary ask for less than fifty more, and no word is given below a hundred."""
    wide = {aim.value: numbers(0.9, 0.9, spread=0.4) for aim in Aim}
    alone, held = judged(**wide).needed, judged(least=100, **wide).needed
    assert alone is not None
    assert alone.images < 100
    assert held is not None
    assert held.images == 100


def test_many_maps_without_a_top_are_invalid() -> None:
    """More than a fifth; fewer are left out."""
    lost = numbers(0.9, 0.9, lost=5)
    assert judged(top_k=lost, mass_centre=lost, region=lost).verdict is Verdict.INVALID
    some = numbers(0.9, 0.9, lost=4)
    found = judged(top_k=some, mass_centre=some, region=some)
    assert (found.verdict, found.undefined) == (Verdict.PASS, 4)


def test_methods_share_the_error_rate() -> None:
    """Holm over three aims of each method."""
    doubtful = {aim: numbers(0.54, 0.9, spread=0.1) for aim in Aim}
    alone = judge_fragility({"m": doubtful}, T, least=10)[0].aims[Aim.TOP_K]
    crowd = {"m": doubtful} | {str(i): {aim: numbers(0.7, 0.9) for aim in Aim} for i in range(9)}
    among = judge_fragility(crowd, T, least=10)[0].aims[Aim.TOP_K]
    assert alone.p_fail == among.p_fail
    assert alone.p_fail_holm == pytest.approx(3 * alone.p_fail)
    assert among.p_fail_holm == pytest.approx(30 * alone.p_fail)
