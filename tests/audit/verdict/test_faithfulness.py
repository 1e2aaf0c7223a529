"""The rule of faithfulness, case by case."""

import numpy as np
import pytest

from junco.audit.verdict import FaithJudgement, FaithNumbers, judge_faithfulness
from junco.contract.catalogue import Fill, Verdict
from junco.contract.thresholds import Thresholds

T = Thresholds()
N = 20
Pair = tuple[float, float]


def numbers(random: Pair, edges: Pair, *, lost: int = 0, room: Pair = (0.8, 0.8), label: str = "m") -> FaithNumbers:
    """Gains about these means under the two fills, with a standard deviation of .1."""
    rng = np.random.default_rng(0)

    def each(means: Pair) -> dict[Fill, np.ndarray]:
        return {fill: mean + 0.1 * rng.normal(size=N) for fill, mean in zip(Fill, means, strict=True)}

    rooms = {fill: np.full(N, value) for fill, value in zip(Fill, room, strict=True)}
    return FaithNumbers(label, (np.arange(N) < lost).astype(float), each(random), each(edges), rooms)


def judged(*methods: FaithNumbers) -> FaithJudgement:
    """The word on the first of ``methods``, judged together."""
    return judge_faithfulness(methods, T, rng=np.random.default_rng(5))[0]


@pytest.mark.parametrize(
    ("random", "edges", "word"),
    [
        ((0.3, 0.3), (0.3, 0.3), Verdict.PASS),
        ((0.3, 0.3), (0.0, 0.0), Verdict.INCONCLUSIVE),
        ((0.3, 0.0), (0.3, 0.3), Verdict.INCONCLUSIVE),
        ((0.3, 0.3), (0.3, -0.3), Verdict.INCONCLUSIVE),
        ((0.0, 0.0), (0.0, 0.0), Verdict.INCONCLUSIVE),
        ((-0.3, -0.3), (-0.3, -0.3), Verdict.FAIL),
        ((-0.3, -0.3), (0.3, 0.3), Verdict.FAIL),
        ((-0.3, 0.0), (-0.3, -0.3), Verdict.INCONCLUSIVE),
    ],
)
def test_both_rivals_must_be_beaten_under_both_fills(random: Pair, edges: Pair, word: Verdict) -> None:
    """PASS: above random order and edges everywhere. FAIL: below random order everywhere."""
    assert judged(numbers(random, edges)).verdict is word


def test_the_reason_says_what_was_beaten() -> None:
    """So that a reader sees how near it was."""
    assert "better than random ones, and are not shown to beat edges" in judged(numbers((0.3, 0.3), (0, 0))).reason
    assert "better than edges, and are not shown to beat random" in judged(numbers((0, 0), (0.3, 0.3))).reason


def test_a_fill_that_leaves_the_answer_decides_nothing() -> None:
    """Below .2 of probability taken; with neither left no order can matter."""
    one = numbers((0.3, -0.3), (0.3, -0.3), room=(0.8, 0.1))
    assert judged(one).verdict is Verdict.PASS
    assert [against.decides for against in judged(one).fills.values()] == [True, False]
    assert judged(numbers((0.3, 0.3), (0.3, 0.3), room=(0.1, 0.1))).verdict is Verdict.INVALID


def test_maps_without_ranks_are_invalid() -> None:
    """Their order is that of the draw that breaks ties."""
    assert judged(numbers((0.3, 0.3), (0.3, 0.3), lost=5)).verdict is Verdict.INVALID
    assert judged(numbers((0.3, 0.3), (0.3, 0.3), lost=4)).verdict is Verdict.PASS


def test_many_methods_make_both_words_harder() -> None:
    """Holm over methods: a weak gain passes alone and not among thirty that gain nothing."""
    weak, none = numbers((0.07, 0.07), (0.07, 0.07)), numbers((0.0, 0.0), (0.0, 0.0), label="none")
    alone, among = judged(weak), judged(weak, *[none] * 30)
    assert alone.verdict is Verdict.PASS
    assert among.verdict is Verdict.INCONCLUSIVE
    assert "after correction" in among.reason
    assert among.p_pass_holm == pytest.approx(min(1.0, 31 * alone.p_pass_holm), rel=0.6)
