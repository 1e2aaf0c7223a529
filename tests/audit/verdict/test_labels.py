"""The rule of data_randomization, case by case."""

import numpy as np
import pytest

from junco.audit.verdict import LabelJudgement, LabelNumbers, Table, judge_labels
from junco.contract.catalogue import Verdict
from junco.contract.thresholds import Thresholds

T = Thresholds()
N, S = 40, 4


def noisy(mean: float, seed: int, noise: float) -> Table:
    """A table about ``mean``."""
    return np.random.default_rng(seed).normal(mean, noise, (N, S))


def method(
    kappa: float, *, room: float = 0.3, ceiling: float = 1.0, noise: float = 0.05, seed: int = 0
) -> LabelNumbers:
    """A method by what it keeps of the room between floor .1 and the twins' similarity."""
    flat = np.full((N, S), 0.1)
    return LabelNumbers(
        label="m",
        ceiling=np.full((N, S), ceiling),
        rho=noisy(0.1 + kappa * room, seed, noise),
        floor=flat,
        twin=noisy(0.1 + room, seed + 1, noise),
        twin_floor=flat,
        degenerate=np.zeros((N, S)),
    )


def judged(*methods: LabelNumbers) -> LabelJudgement:
    """The judgement of the first of ``methods``, judged together."""
    return judge_labels(methods, T)[0]


@pytest.mark.parametrize(
    ("kappa", "expected"),
    [(0.0, Verdict.PASS), (0.1, Verdict.PASS), (0.4, Verdict.INCONCLUSIVE), (0.9, Verdict.FAIL), (1.1, Verdict.FAIL)],
)
def test_kappa_decides(kappa: float, expected: Verdict) -> None:
    """Below label_pass a method passes, above label_fail it fails, between nothing is said; kappa is found again."""
    found = judged(method(kappa))
    assert found.verdict is expected
    assert found.kappa is not None
    assert found.kappa.mean == pytest.approx(kappa, abs=0.06)  # four standard errors of .05 / sqrt(160) / .3


def test_a_low_similarity_is_measured_against_the_twins() -> None:
    """rho .28 looks like a changed map, and is nearly all that two networks with the truth share (.3)."""
    low = method(0.9, room=0.2)
    assert low.rho.mean() < 0.3
    assert judged(low).verdict is Verdict.FAIL


def test_twins_that_share_nothing_leave_it_open() -> None:
    """Without room the map is no evidence, however unlike the permuted one is."""
    found = judged(method(0.0, room=0.01))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "agree too little" in found.reason
    assert (found.p_fail, found.p_pass) == (1.0, 1.0)


def test_a_map_that_did_not_change_at_all_fails_without_room() -> None:
    """A fixed prior: every similarity is 1, floors too, and it accuses itself."""
    ones = np.ones((N, S))
    fixed = LabelNumbers("m", ones, ones, ones, ones, ones, np.zeros((N, S)))
    assert judged(fixed).verdict is Verdict.FAIL
    assert judged(fixed).kappa is None


def test_a_method_that_does_not_repeat_itself_is_invalid() -> None:
    """Noise is unlike everything, which is no merit."""
    assert judged(method(0.0, ceiling=0.1)).verdict is Verdict.INVALID


@pytest.mark.parametrize("where", ["degenerate", "twin"])
def test_maps_without_ranks_are_no_evidence(where: str) -> None:
    """Above a fifth of them, after permuted labels or after true ones, the method is invalid."""
    table = getattr(method(0.0), where).copy()
    table[:12] = 1.0 if where == "degenerate" else np.nan
    given = method(0.0).__dict__ | {where: table}
    found = judged(LabelNumbers(**given))
    assert found.verdict is Verdict.INVALID
    assert "30%" in found.reason


def test_methods_share_the_risk_of_a_false_accusation() -> None:
    """A p value between a tenth of alpha and alpha accuses alone, and not among ten that are innocent."""
    shares = np.linspace(0.5, 1.2, 70)
    edge = next(m for k in shares if 0.006 < judged(m := method(float(k), noise=0.1)).p_fail < 0.04)
    assert judged(edge).verdict is Verdict.FAIL
    assert judged(edge, *[method(0.0, seed=i) for i in range(10, 19)]).verdict is not Verdict.FAIL
