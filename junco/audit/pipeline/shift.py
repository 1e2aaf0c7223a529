"""input_shift from partials to outcomes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from junco.audit.partial import Partial
from junco.audit.pipeline.case import Case, Found, concludes, not_run
from junco.audit.pipeline.numbers import known, median
from junco.audit.pipeline.trust import enough, too_few
from junco.audit.verdict import ShiftJudgement, decisive, judge_shift
from junco.contract.catalogue import CheckName, Method, Verdict
from junco.contract.outcome import Caveat, CheckOutcome, CheckRun, Preflight
from junco.contract.plan import Plan, PlannedMethod, Shard, ShardKind
from junco.contract.statistics import OneShiftStatistics, ShiftStatistics

CHECK = CheckName.INPUT_SHIFT


@dataclass(frozen=True)
class Seen:
    """One shift: its name, what its shard found, and which constructions hold."""

    kind: str
    partial: Partial
    holds: Mapping[str, bool]


@concludes(CHECK)
def conclude(case: Case) -> Found:
    """Judge all methods of the plan from the shift shards' partials, one for each shift."""
    plan, pieces = case.plan, case.pieces(ShardKind.SHIFT)
    seen = [Seen(kind_of(plan, shard), partial, _holds(plan, partial)) for shard, partial in pieces]
    outcomes = {m.label: _outcome(plan, m, seen) for m in plan.methods_of(CHECK)}
    held = _preflight(plan, [one.partial for one in seen])
    return Found(outcomes=_by_gradient(outcomes), run=CheckRun(check=CHECK, preflight=held))


def kind_of(plan: Plan, shard: Shard) -> str:
    """The name in results of a shard's shift."""
    # A shard that was stored before there were several shifts names none.
    shift = shard.shift if shard.shift is not None else plan.shifts[0]
    return shift if isinstance(shift, str) else f"{shift:g}"


def _holds(plan: Plan, partial: Partial) -> dict[str, bool]:
    return {p.name.removeprefix("same_outputs_"): p.holds for p in _preflight(plan, [partial])}


def _by_gradient(outcomes: Mapping[str, CheckOutcome]) -> dict[str, CheckOutcome]:
    """The gradient cannot move when the outputs do not: if it does, numbers are at fault, and no accusation stands."""
    gradient = outcomes.get(Method.GRADIENT)
    if gradient is None or gradient.verdict is not Verdict.FAIL:
        return dict(outcomes)
    doubt = " But the plain gradient, which cannot move, moved too: rounding, not the method, may be the cause."
    return {label: _doubted(o, doubt) if o.verdict is Verdict.FAIL else o for label, o in outcomes.items()}


def _doubted(outcome: CheckOutcome, doubt: str) -> CheckOutcome:
    caveats = (*outcome.caveats, Caveat.CONTROL_DISAGREES)
    summary = outcome.summary + doubt
    return outcome.model_copy(update={"verdict": Verdict.INCONCLUSIVE, "summary": summary, "caveats": caveats})


def _preflight(plan: Plan, partials: Sequence[Partial]) -> tuple[Preflight, ...]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for partial in partials:
        for name, seen in _mapping(partial.facts["preconditions"]).items():
            found.setdefault(name, []).append(seen)
    # By name: a partial that was stored has its facts in another order than a fresh one.
    return tuple(_held(plan, name, seen) for name, seen in sorted(found.items()))


def _held(plan: Plan, name: str, seen: Sequence[Mapping[str, Any]]) -> Preflight:
    worst = max(float(s["difference"]) for s in seen)
    same = all(bool(s["argmax_equal"]) for s in seen)
    return Preflight(
        name=f"same_outputs_{name}",
        holds=same and worst <= plan.profile.thresholds.shift_precondition,
        detail=f"outputs differ by {worst:.1e} of the largest; predictions {'agree' if same else 'differ'}",
    )


def _outcome(plan: Plan, method: PlannedMethod, seen: Sequence[Seen]) -> CheckOutcome:
    label, facts = method.label, seen[0].partial.facts
    used = _mapping(facts["constructions"]).get(label)
    if used is None:
        reason = "its rules need the shift folded into the first layer, and the image meets no linear layer first"
        return not_run(CHECK, label, reason)
    judged = [_judged(plan, label, one) for one in seen]
    chosen = decisive(judged)
    word, figures = judged[chosen], [_figures(label, one, j) for one, j in zip(seen, judged, strict=True)]
    among = f"under the shift '{seen[chosen].kind}' " if len(seen) > 1 and word.verdict is not Verdict.PASS else ""
    own = figures[chosen]
    return CheckOutcome(
        check=CHECK,
        verdict=word.verdict,
        summary=f"{label}: {among}{word.reason}.",
        statistics=ShiftStatistics(
            construction="fold" if used == "fold" else "prepend",
            **own.model_dump(include={"kind", "difference", "rho", "rebased", "shift"}),
            images=len(seen[chosen].partial.arrays[label, "difference"]),
            dtype=str(facts["dtype"]),
            shifts=tuple(figures),
        ),
        caveats=tuple(_caveats(plan, word, own.rebased)),
    )


def _judged(plan: Plan, label: str, one: Seen) -> ShiftJudgement:
    difference, rho = (np.asarray(one.partial.arrays[label, name], np.float64) for name in ("difference", "rho"))
    holds = one.holds[_mapping(one.partial.facts["constructions"])[label]]
    judged = judge_shift(difference, rho, holds=holds, thresholds=plan.profile.thresholds)
    # The test is deterministic, but a handful of images is no ground for a release gate.
    return enough(judged, len(plan.selected), plan.profile)


def _figures(label: str, one: Seen, judged: ShiftJudgement) -> OneShiftStatistics:
    rebased = one.partial.arrays.get((label, "rebased"))
    return OneShiftStatistics(
        kind=one.kind,
        shift=tuple(float(str(value)) for value in _listed(one.partial.facts["shift"])),
        difference=known(judged.difference),
        rho=known(judged.rho),
        rebased=None if rebased is None else median(np.asarray(rebased, np.float64)),
        decision=judged.verdict,
    )


def _caveats(plan: Plan, judged: ShiftJudgement, rebased: float | None) -> Iterator[Caveat]:
    if judged.verdict is Verdict.FAIL:
        yield Caveat.ENCODING
        if rebased is not None and rebased <= plan.profile.thresholds.shift_pass:
            yield Caveat.REBASED
    yield from too_few(len(plan.selected), plan.profile)


def _mapping(value: object) -> Mapping[str, Any]:
    assert isinstance(value, Mapping)
    return value


def _listed(value: object) -> Sequence[object]:
    assert isinstance(value, list)
    return value
