"""faithfulness from partials to outcomes."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from junco.audit.checks.faithfulness import RANDOM
from junco.audit.pipeline.case import Case, Found, concludes, families, told
from junco.audit.pipeline.context import believed
from junco.audit.pipeline.copies import unlike
from junco.audit.pipeline.merge import Pieces, column, count
from junco.audit.pipeline.numbers import interval, mean, median
from junco.audit.pipeline.probes import held
from junco.audit.pipeline.trust import too_few
from junco.audit.verdict import Against, FaithJudgement, FaithNumbers, Table, TwoWay, judge_faithfulness, spread
from junco.contract.catalogue import CheckName, Control, Fill, Verdict
from junco.contract.outcome import Caveat, CheckOutcome, CheckRun
from junco.contract.plan import Plan, ShardKind
from junco.contract.statistics import FaithfulnessStatistics, FillStatistics, Interval

CHECK = CheckName.FAITHFULNESS

_EXPECTED = {
    # A word for them would say that the rule, not the method, finds places that matter.
    Control.GAUSSIAN_NOISE: (Verdict.INCONCLUSIVE, Verdict.FAIL, Verdict.INVALID),
    Control.EDGE_DETECTOR: (Verdict.INCONCLUSIVE, Verdict.FAIL, Verdict.INVALID),
    Control.CONSTANT: (Verdict.INVALID,),
}


@concludes(CHECK)
def conclude(case: Case) -> Found:
    """Judge all methods of the plan together."""
    plan, pieces = case.plan, case.pieces(ShardKind.FAITHFULNESS)
    checked, judged = (held(pieces), *unlike(pieces, plan.profile)), _judged(plan, pieces)
    sound, doubts = believed(judged, checked, plan.profile, images=count(pieces), expected=_EXPECTED)
    outcomes = {label: _outcome(plan, j, pieces, doubts=doubts) for label, j in sound.items()}
    return Found(outcomes=outcomes, run=CheckRun(check=CHECK, preflight=checked))


def _judged(plan: Plan, pieces: Pieces) -> dict[str, FaithJudgement]:
    rng, t = np.random.default_rng(plan.seed), plan.profile.thresholds
    found = [[_numbers(plan, m.label, pieces) for m in family] for family in families(plan, CHECK)]
    return {j.label: j for family in found for j in judge_faithfulness(family, t, rng=rng)}


def area(curves: Table) -> Table:
    """Area under each curve [n, steps + 1] over shares from 0 to 1, by trapezoids, [n]."""
    inner = curves[:, 1:-1].sum(1) + (curves[:, 0] + curves[:, -1]) / 2
    return np.asarray(inner / (curves.shape[1] - 1), dtype=np.float64)


def gain(pieces: Pieces, where: tuple[str, ...], fill: Fill) -> Table:
    """Area under the insertion curve less that under the deletion curve, [n]."""
    insertion, deletion = (area(column(pieces, (*where, fill.value, name))) for name in ("insertion", "deletion"))
    return insertion - deletion


def _at_random(plan: Plan, pieces: Pieces, fill: Fill) -> Table:
    draws = [gain(pieces, (RANDOM, str(k)), fill) for k in range(plan.profile.faithfulness_orders)]
    return np.asarray(np.mean(draws, axis=0), dtype=np.float64)


def _numbers(plan: Plan, label: str, pieces: Pieces) -> FaithNumbers:
    own = {fill: gain(pieces, (label,), fill) for fill in Fill}
    edges = {fill: gain(pieces, (Control.EDGE_DETECTOR.value,), fill) for fill in Fill}
    return FaithNumbers(
        label=label,
        degenerate=column(pieces, (label, "degenerate")),
        over_random={fill: own[fill] - _at_random(plan, pieces, fill) for fill in Fill},
        over_edges={fill: own[fill] - edges[fill] for fill in Fill},
        room={fill: _room(pieces, label, fill) for fill in Fill},
    )


def _room(pieces: Pieces, label: str, fill: Fill) -> Table:
    """What the whole fill takes of the target's probability, [n]."""
    curve = column(pieces, (label, fill.value, "deletion"))
    return np.asarray(curve[:, 0] - curve[:, -1], dtype=np.float64)


def _outcome(plan: Plan, judged: FaithJudgement, pieces: Pieces, *, doubts: tuple[Caveat, ...]) -> CheckOutcome:
    label, fills = judged.label, judged.fills
    return told(
        CHECK,
        judged,
        statistics=FaithfulnessStatistics(
            images=count(pieces),
            steps=plan.profile.faithfulness_steps,
            undefined=judged.undefined,
            over_random=_least([a.over_random for a in fills.values() if a.decides]),
            over_edges=_least([a.over_edges for a in fills.values() if a.decides]),
            p_pass_holm=judged.p_pass_holm,
            p_fail_holm=judged.p_fail_holm,
            **_described(pieces, label),
            fills=tuple(_of_fill(pieces, label, fill, a) for fill, a in fills.items()),
        ),
        caveats=(*_caveats(plan, judged, pieces), *doubts),
    )


def _least(found: list[TwoWay | None]) -> Interval:
    known = [one for one in found if one is not None]
    return interval(min(known, key=lambda one: one.mean) if known else None)


def _described(pieces: Pieces, label: str) -> dict[str, Any]:
    return {
        "infidelity": median(column(pieces, (label, "infidelity"))),
        "infidelity_random": median(column(pieces, (RANDOM, "infidelity"))),
        "max_sensitivity": median(column(pieces, (label, "sensitivity"))),
        "max_sensitivity_random": median(column(pieces, (RANDOM, "sensitivity"))),
    }


def _of_fill(pieces: Pieces, label: str, fill: Fill, against: Against) -> FillStatistics:
    return FillStatistics(
        fill=fill,
        room=mean(_room(pieces, label, fill)),
        decides=against.decides,
        deletion=mean(area(column(pieces, (label, fill.value, "deletion")))),
        insertion=mean(area(column(pieces, (label, fill.value, "insertion")))),
        gain=interval(spread(gain(pieces, (label,), fill)[:, None])),
        over_random=interval(against.over_random),
        over_edges=interval(against.over_edges),
        p_random=against.p_random,
        p_edges=against.p_edges,
        p_worse=against.p_worse,
    )


def _caveats(plan: Plan, judged: FaithJudgement, pieces: Pieces) -> Iterator[Caveat]:
    if judged.verdict is not Verdict.INVALID:
        yield Caveat.PERTURBATION_CHOICE
    yield from too_few(count(pieces), plan.profile)
