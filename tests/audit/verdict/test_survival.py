"""Images whose maps are alike acquit nobody: small kappa is then what the images make it, not the method."""

import numpy as np
import pytest

from junco.audit.verdict import ClassJudgement, ClassNumbers, MethodNumbers, Numbers, Table, judge, judge_classes
from junco.audit.verdict.interval import spread
from junco.audit.verdict.survival import survival
from junco.contract.catalogue import Arm, Depth, Rival, Verdict
from junco.contract.thresholds import Thresholds

T = Thresholds()
N, S = 30, 5
ALIKE = "maps of different images are too alike"


def about(mean: float, seed: int, shape: tuple[int, ...] = (N, S), *, noise: float = 0.05) -> Table:
    """Values with exactly this mean."""
    y = np.random.default_rng(seed).normal(0, noise, shape)
    return np.asarray(y - y.mean() + mean)


def numbers(rho: float, floor: float, likeness: float | None, *, noise: float = 0.05) -> Numbers:
    """One place of a check under a ceiling of 1."""
    own = None if likeness is None else about(likeness, 1, (N,), noise=noise)
    return Numbers(about(rho, 2, noise=noise), about(floor, 3, noise=noise), np.zeros((N, S)), own)


def classes(found: Numbers) -> ClassJudgement:
    """The word of class_sensitivity on a method with the same numbers for every other class."""
    return judge_classes([ClassNumbers("m", np.ones(N), dict.fromkeys(Rival, found))], T)[0]


def test_a_map_that_keeps_most_of_its_own_does_not_pass_on_images_of_one_class() -> None:
    """Guided Backpropagation on handwritten ones: kappa .35 is below .40, and 60 % of a map's own survive."""
    found = classes(numbers(0.61, 0.40, 0.65))
    effect = found.rivals[Rival.RANDOM]
    assert effect.kappa is not None
    assert effect.kappa.mean == pytest.approx(0.35, abs=0.02)
    assert (found.verdict, effect.crowded) == (Verdict.INCONCLUSIVE, True)
    assert ALIKE in found.reason
    assert found.missing is None  # more images of the kind would show it the more surely


@pytest.mark.parametrize("likeness", [0.0, 0.3, 0.8])
def test_a_map_that_is_lost_passes_whatever_the_images(likeness: float) -> None:
    """What is left of a map is no more than of another image's: nothing of its own survives."""
    found = classes(numbers(0.12, 0.12, likeness))
    assert found.verdict is Verdict.PASS
    assert not found.rivals[Rival.RANDOM].crowded


def test_where_images_differ_a_doubt_is_not_laid_at_their_door() -> None:
    """A kappa that passes, and a map that may have kept half of its own: the evidence is thin, that is all."""
    found = classes(numbers(0.40, 0.15, 0.48))
    effect = found.rivals[Rival.RANDOM]
    assert effect.kappa is not None
    assert effect.kappa.mean == pytest.approx(0.29, abs=0.01)
    assert (found.verdict, effect.crowded, effect.alike) == (Verdict.INCONCLUSIVE, True, False)
    assert "the evidence decides neither way" in found.reason


def test_copies_of_one_image_decide_nothing() -> None:
    """rho is F and G is R whatever the method does: kappa is 0 without any spread, and shows nothing."""
    copies = numbers(0.7, 0.7, 1.0, noise=0.0)
    found = classes(copies)
    assert found.rivals[Rival.RANDOM].p_pass == 0.0
    assert (found.verdict, found.needed) == (Verdict.INCONCLUSIVE, None)
    assert ALIKE in found.reason


def test_rounding_among_copies_is_no_difference() -> None:
    """Maps that differ by a ten-millionth are one map, however sure the differences are."""
    rho, floor, own = about(0.7, 0, noise=1e-9), np.full((N, S), 0.7), np.full(N, 1e-7)
    excess = spread((rho - floor) - 0.5 * own[:, None])
    assert excess is not None
    assert excess.p_below(0.0) < 0.05
    assert survival(rho, floor, own=own, fail=0.5, margin=0.02).p == 1.0


def test_likeness_never_accuses() -> None:
    """A map that fails does so on any images: the other bound acquits less, and does nothing else."""
    words = [classes(numbers(0.8, 0.2, likeness)).verdict for likeness in (None, 0.0, 0.9)]
    assert words == [Verdict.FAIL] * 3


def test_without_a_measured_likeness_kappa_decides_alone() -> None:
    """Partials that were stored before it was measured are judged as they were."""
    assert classes(numbers(0.61, 0.40, None)).verdict is Verdict.PASS


def test_parameter_randomization_says_so_too() -> None:
    """At both depths by its own bound; the judgement knows that only the images stand in the way."""
    places = {(arm, depth): numbers(0.60, 0.53, 0.85) for arm in Arm for depth in Depth}
    crowded = judge([MethodNumbers("m", np.ones(N), places)], T)[0]
    assert (crowded.verdict, crowded.spared) == (Verdict.INCONCLUSIVE, True)
    assert ALIKE in crowded.reason
    diverse = {place: numbers(0.60, 0.53, 0.3) for place in places}
    assert judge([MethodNumbers("m", np.ones(N), diverse)], T)[0].verdict is Verdict.PASS


def test_an_effect_exactly_on_the_bound_is_acquitted_at_most_at_alpha() -> None:
    """rho - F = .5 (R - G) on average, images and seeds drawn anew: 400 tables; standard error 1.1 %."""
    rng, passed = np.random.default_rng(5), 0
    for _ in range(400):
        own = rng.normal(0.4, 0.1, N)
        kept = 0.5 * own[:, None] + rng.normal(0, 0.05, (N, 1)) + rng.normal(0, 0.03, (1, S))
        rho = 0.3 + kept + rng.normal(0, 0.05, (N, S))
        passed += survival(rho, np.full((N, S), 0.3), own=own, fail=0.5, margin=0.02).p <= 0.05
    assert passed / 400 <= 0.05 + 3 * 0.011
