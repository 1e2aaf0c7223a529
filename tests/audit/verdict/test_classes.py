"""The rule of class_sensitivity, case by case."""

from collections.abc import Mapping

import numpy as np
import pytest

from junco.audit.verdict import ClassJudgement, ClassNumbers, Numbers, Table, judge_classes
from junco.contract.catalogue import Rival, Verdict
from junco.contract.thresholds import Thresholds

T = Thresholds()
N, S = 50, 5
FLOOR = 0.2


def numbers(kappa: float, *, seed: int = 0, noise: float = 0.05, draws: int = S, degenerate: float = 0.0) -> Numbers:
    """A rival with mean kappa ``kappa`` under a ceiling of 1; the first share of images is degenerate."""
    y = np.random.default_rng(seed).normal(0, noise, (N, draws))
    rho = FLOOR + (1 - FLOOR) * (y - y.mean() + kappa)
    lost = np.zeros((N, draws))
    lost[: round(degenerate * N)] = 1
    return Numbers(rho=np.where(lost == 1, np.nan, rho), floor=np.full((N, draws), FLOOR), degenerate=lost)


def method(
    kappas: Mapping[Rival, float], *, label: str = "m", noise: float = 0.05, ceiling: float = 1.0
) -> ClassNumbers:
    """A method by its mean kappa per rival, 0 where not given."""
    draws = {Rival.RANDOM: S}
    rivals = {r: numbers(kappas.get(r, 0.0), seed=i, noise=noise, draws=draws.get(r, 1)) for i, r in enumerate(Rival)}
    return ClassNumbers(label=label, ceiling=np.full(N, ceiling), rivals=rivals)


def judged(*methods: ClassNumbers) -> ClassJudgement:
    """The judgement of the first of ``methods``, judged together."""
    return judge_classes(methods, T)[0]


@pytest.mark.parametrize(
    ("kappas", "expected"),
    [
        ({}, Verdict.PASS),
        ({Rival.RANDOM: 0.8, Rival.LEAST: 0.8}, Verdict.FAIL),
        ({Rival.RANDOM: 0.8}, Verdict.FAIL),
        ({Rival.LEAST: 0.8}, Verdict.INCONCLUSIVE),
        ({Rival.RANDOM: 0.45}, Verdict.INCONCLUSIVE),
        ({Rival.LEAST: 0.45}, Verdict.INCONCLUSIVE),
    ],
)
def test_random_classes_accuse_and_both_must_acquit(kappas: Mapping[Rival, float], expected: Verdict) -> None:
    """Fail above class_fail for random classes; pass below class_pass for the least likely one too."""
    assert judged(method(kappas)).verdict is expected


def test_the_opposite_class_alone_raises_a_doubt_that_names_it() -> None:
    """A sound method may turn its map over for the least likely class: that is neither a pass nor a fail."""
    found = judged(method({Rival.LEAST: 0.64}))
    assert found.reason == "only the map of the least likely class keeps 64%, and it may be the map turned over"
    assert found.rivals[Rival.LEAST].p_fail_holm == 1.0


def test_the_second_class_never_decides() -> None:
    """Two classes may share their evidence: nearly one map for both is no fault."""
    found = judged(method({Rival.SECOND: 0.99}))
    assert (found.verdict, found.rivals[Rival.SECOND].decision) == (Verdict.PASS, Verdict.FAIL)


def test_absence_of_evidence_does_not_pass() -> None:
    """Kappa .2 with an upper bound above .40 is inconclusive."""
    assert judged(method({Rival.RANDOM: 0.2, Rival.LEAST: 0.2}, noise=1.5)).verdict is Verdict.INCONCLUSIVE


def test_an_unchanged_map_fails_even_where_kappa_is_undefined() -> None:
    """A prior that is the same for all images and classes: floor, ceiling and similarity are 1."""
    one: Table = np.ones((N, 1))
    same = Numbers(rho=one, floor=one, degenerate=np.zeros((N, 1)))
    found = judged(ClassNumbers("prior", np.ones(N), dict.fromkeys(Rival, same)))
    assert found.verdict is Verdict.FAIL
    assert "is the map of the predicted class" in found.reason


@pytest.mark.parametrize(("share", "expected"), [(0.5, Verdict.INVALID), (0.1, Verdict.PASS)])
def test_many_empty_maps_are_invalid(share: float, expected: Verdict) -> None:
    """More than a fifth of constant maps for a deciding rival leave nothing to judge."""
    whole = method({})
    rivals = {**whole.rivals, Rival.LEAST: numbers(0.0, draws=1, degenerate=share)}
    assert judged(ClassNumbers("m", whole.ceiling, rivals)).verdict is expected


def test_a_method_that_does_not_repeat_itself_is_invalid() -> None:
    """Noise changes with the class because it changes with everything."""
    found = judged(method({}, ceiling=0.1))
    assert found.verdict is Verdict.INVALID
    assert "does not reproduce itself" in found.reason


def test_many_methods_share_the_error_rate() -> None:
    """A p value of .02 that fails one method alone does not fail it among eight."""
    doubtful = method({Rival.RANDOM: 0.6, Rival.LEAST: 0.0}, noise=0.42)
    alone = judged(doubtful).rivals[Rival.RANDOM]
    assert 0.001 < alone.p_fail < T.alpha / 2
    crowd = [method({Rival.RANDOM: 0.45}, label=str(i)) for i in range(40)]
    among = judged(doubtful, *crowd).rivals[Rival.RANDOM]
    assert among.p_fail == alone.p_fail
    assert among.p_fail_holm == pytest.approx(min(1.0, 41 * alone.p_fail))
