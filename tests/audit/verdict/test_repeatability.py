"""The rule of repeatability, case by case."""

import numpy as np
import pytest

from junco.audit.verdict import RepeatJudgement, RepeatNumbers, judge_repeatability
from junco.contract.catalogue import Circumstance, Verdict
from junco.contract.thresholds import Thresholds

T = Thresholds()
N = 20


def judged(
    seed: float, order: float = 1.0, threads: float = 1.0, *, noise: float = 0.02, lost: int = 0
) -> RepeatJudgement:
    """The word on correlations about these means, ``lost`` maps of 20 being constant."""
    rng = np.random.default_rng(0)

    def table(mean: float, draws: int) -> np.ndarray:
        values = np.ones((N, draws)) if mean == 1 else mean + 0.02 * rng.normal(size=(N, draws))
        values[:lost] = np.nan
        return values

    degenerate = (np.arange(N) < lost).astype(float)
    rho = {
        c: table(m, 3 if c is Circumstance.SEED else 1)
        for c, m in zip(Circumstance, (seed, order, threads), strict=True)
    }
    return judge_repeatability([RepeatNumbers("m", degenerate, rho)], T)[0]


@pytest.mark.parametrize(
    ("means", "word"),
    [
        ((1.0,), Verdict.PASS),
        ((0.95,), Verdict.PASS),
        ((0.9,), Verdict.INCONCLUSIVE),
        ((0.7,), Verdict.INCONCLUSIVE),
        ((0.3,), Verdict.FAIL),
        ((0.0,), Verdict.FAIL),
        ((-1.0, 1.0, 1.0), Verdict.FAIL),
        ((1.0, 0.2, 1.0), Verdict.FAIL),
        ((1.0, 1.0, 0.2), Verdict.FAIL),
        ((1.0, 0.7, 1.0), Verdict.INCONCLUSIVE),
    ],
)
def test_every_circumstance_must_give_the_same_map(means: tuple[float, ...], word: Verdict) -> None:
    """PASS: all above .9. FAIL: one below .5. A map that comes back with its sign turned is not the same."""
    assert judged(*means).verdict is word


def test_the_least_alike_circumstance_is_named() -> None:
    """With its correlation."""
    assert "in another order, its maps correlate 0.20" in judged(1.0, 0.2).reason.replace("0.21", "0.20")


def test_maps_without_ranks_are_invalid() -> None:
    """More than a fifth of constant maps; a fifth is judged on the rest."""
    assert judged(1.0, lost=5).verdict is Verdict.INVALID
    assert judged(1.0, lost=4).verdict is Verdict.PASS
    assert judged(1.0, lost=5).undefined == 0.25


def test_many_methods_make_an_accusation_harder() -> None:
    """Holm: a method just below .5 is accused alone, and not among thirty that repeat themselves."""
    weak = 0.44 + 0.1 * np.random.default_rng(3).normal(size=(N, 1))
    ones = np.ones((N, 1))
    rho = {Circumstance.SEED: weak, Circumstance.ORDER: ones, Circumstance.THREADS: ones}
    bad = RepeatNumbers("bad", np.zeros(N), rho)
    good = RepeatNumbers("good", np.zeros(N), dict.fromkeys(Circumstance, ones))
    alone, among = judge_repeatability([bad], T)[0], judge_repeatability([bad, *[good] * 30], T)[0]
    p = alone.repeats[Circumstance.SEED].p_fail
    assert p == among.repeats[Circumstance.SEED].p_fail
    assert among.repeats[Circumstance.SEED].p_fail_holm == pytest.approx(min(1.0, 93 * p))
    assert (alone.verdict, among.verdict) == (Verdict.FAIL, Verdict.INCONCLUSIVE)
