"""The verdict of faithfulness: numbers in, verdict out (docs/verdicts.md).

The gain of an order is the area under its insertion curve less that under its deletion curve. PASS needs, under every
fill, a gain above that of random order and above that of the order of edges; FAIL one below that of random order under
every fill. A fill that leaves the model its answer decides nothing. Paired over images; Holm over methods, for passes
and for fails.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from junco.audit.verdict.bootstrap import p_positive
from junco.audit.verdict.grounds import lost, too_many_lost
from junco.audit.verdict.interval import Table, TwoWay, holm, spread
from junco.audit.verdict.reach import above, all_of, any_of, below, sample
from junco.audit.verdict.word import Judged, Said, forecast
from junco.contract.catalogue import Fill, Verdict
from junco.contract.statistics import Sample
from junco.contract.thresholds import Thresholds


@dataclass(frozen=True)
class FaithNumbers:
    """Gains [images] of one method under each fill, less those of random order and of edges.

    ``room`` [images] is what each fill takes of the target's probability when all pixels are gone.
    """

    label: str
    degenerate: Table
    over_random: Mapping[Fill, Table]
    over_edges: Mapping[Fill, Table]
    room: Mapping[Fill, Table]


@dataclass(frozen=True)
class Against:
    """One fill: mean differences with their intervals, and what they support on their own."""

    decides: bool
    over_random: TwoWay | None
    over_edges: TwoWay | None
    p_random: float
    p_edges: float
    p_worse: float


@dataclass(frozen=True)
class FaithJudgement(Judged):
    """The word on one method, with its rivals under every fill."""

    undefined: float
    fills: Mapping[Fill, Against]
    p_pass_holm: float
    p_fail_holm: float


def judge_faithfulness(
    methods: Sequence[FaithNumbers], t: Thresholds, *, rng: np.random.Generator
) -> tuple[FaithJudgement, ...]:
    """Judge ``methods`` together; ``rng`` draws the bootstrap."""
    found = [{fill: _against(m, fill, rng, t) for fill in m.over_random} for m in methods]
    # What must hold everywhere needs no correction within a method: the largest p is its p.
    passes = holm([max((max(a.p_random, a.p_edges) for a in _deciding(fills)), default=1.0) for fills in found])
    fails = holm([max((a.p_worse for a in _deciding(fills)), default=1.0) for fills in found])
    return tuple(
        _judged(m, fills, (p, f), t, claims=len(methods))
        for m, fills, p, f in zip(methods, found, passes, fails, strict=True)
    )


def _deciding(fills: Mapping[Fill, Against]) -> list[Against]:
    return [against for against in fills.values() if against.decides]


def _against(m: FaithNumbers, fill: Fill, rng: np.random.Generator, t: Thresholds) -> Against:
    random, edges = m.over_random[fill], m.over_edges[fill]
    return Against(
        decides=float(m.room[fill].mean()) >= t.faithfulness_room,
        over_random=spread(random[:, None]),
        over_edges=spread(edges[:, None]),
        p_random=p_positive(random, rng),
        p_edges=p_positive(edges, rng),
        p_worse=p_positive(-random, rng),
    )


def _judged(
    m: FaithNumbers, fills: Mapping[Fill, Against], p: tuple[float, float], t: Thresholds, *, claims: int
) -> FaithJudgement:
    undefined = lost(m.degenerate)
    invalid = too_many_lost(undefined, t) or _no_order_matters(fills)
    word: Said = (Verdict.INVALID, invalid) if invalid else _word(fills, p, t)
    said, needed = forecast(word, lambda: _needed(_deciding(fills), t.alpha / claims, len(m.degenerate)))
    return FaithJudgement(
        m.label, *said, undefined=undefined, fills=fills, p_pass_holm=p[0], p_fail_holm=p[1], needed=needed
    )


def _no_order_matters(fills: Mapping[Fill, Against]) -> str | None:
    return None if _deciding(fills) else "the model keeps its answer when all pixels are gone, so no order can matter"


def _needed(deciding: Sequence[Against], alpha: float, images: int) -> Sample | None:
    """Images that would show a gain over both rivals, or a loss to random order, under every fill that decides."""
    passing = all_of(above(rival, 0.0, alpha) for a in deciding for rival in (a.over_random, a.over_edges))
    failing = all_of(below(a.over_random, 0.0, alpha) for a in deciding)
    return sample(any_of([passing, failing]), images)


def _word(fills: Mapping[Fill, Against], p: tuple[float, float], t: Thresholds) -> Said:
    if p[1] <= t.alpha:
        return Verdict.FAIL, "the places it marks move the model's answer later than places taken at random"
    if p[0] <= t.alpha:
        return Verdict.PASS, "the places it marks move the model's answer sooner than random places and than edges"
    beaten = {
        "random ones": all(a.p_random <= t.alpha for a in _deciding(fills)),
        "edges": all(a.p_edges <= t.alpha for a in _deciding(fills)),
    }
    done = [name for name, yes in beaten.items() if yes]
    if len(done) == 2:
        return Verdict.INCONCLUSIVE, "the places it marks do better, but not after correction for the number of methods"
    if done:
        (rest,) = beaten.keys() - set(done)
        return Verdict.INCONCLUSIVE, f"the places it marks do better than {done[0]}, and are not shown to beat {rest}"
    return Verdict.INCONCLUSIVE, "the places it marks are not shown to matter more, or less, than random ones and edges"
