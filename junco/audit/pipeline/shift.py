"""input_shift from partials to outcomes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from junco.audit.pipeline.case import Case, Found, concludes
from junco.audit.pipeline.numbers import known
from junco.audit.pipeline.trust import too_few
from junco.audit.types import Partial
from junco.audit.verdict import ShiftJudgement, judge_shift
from junco.contract.catalogue import CheckName, Method, Verdict
from junco.contract.outcome import Caveat, CheckOutcome, CheckRun, Preflight, ShiftStatistics
from junco.contract.plan import Plan, PlannedMethod, ShardKind

CHECK = CheckName.INPUT_SHIFT


@concludes(CHECK)
def conclude(case: Case) -> Found:
    """Judge all methods of the plan from the shift shards' partials."""
    plan, partials = case.plan, [partial for _, partial in case.pieces(ShardKind.SHIFT)]
    held = _preflight(plan, partials)
    holds = {p.name.removeprefix("same_outputs_"): p.holds for p in held}
    outcomes = {m.label: _outcome(plan, m, partials, holds=holds) for m in plan.methods_of(CHECK)}
    return Found(outcomes=_by_gradient(outcomes), run=CheckRun(check=CHECK, preflight=held))


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


def _outcome(
    plan: Plan, method: PlannedMethod, partials: Sequence[Partial], *, holds: Mapping[str, bool]
) -> CheckOutcome:
    used = _mapping(partials[0].facts["constructions"]).get(method.label)
    if used is None:
        reason = "its rules need the shift folded into the first layer, and the image meets no linear layer first"
        return CheckOutcome(check=CHECK, verdict=Verdict.NOT_RUN, summary=f"{method.label} was not run: {reason}.")
    difference, rho = (
        np.concatenate([partial.arrays[method.label, name] for partial in partials]) for name in ("difference", "rho")
    )
    judged = _enough(plan, judge_shift(difference, rho, holds=holds[used], thresholds=plan.profile.thresholds))
    facts = partials[0].facts
    return CheckOutcome(
        check=CHECK,
        verdict=judged.verdict,
        summary=f"{method.label}: {judged.reason}.",
        statistics=ShiftStatistics(
            construction="fold" if used == "fold" else "prepend",
            difference=None if judged.difference is None else known(judged.difference),
            rho=None if judged.rho is None else known(judged.rho),
            images=len(difference),
            shift=tuple(float(str(value)) for value in _listed(facts["shift"])),
            dtype=str(facts["dtype"]),
        ),
        caveats=tuple(_caveats(plan, judged)),
    )


def _enough(plan: Plan, judged: ShiftJudgement) -> ShiftJudgement:
    """The test is deterministic, but a handful of images is no ground for a release gate: see the profile."""
    count, least = len(plan.selected), plan.profile.images_minimum
    if count >= least or judged.verdict not in (Verdict.PASS, Verdict.FAIL):
        return judged
    reason = f"{judged.reason}; but {too_few(count, plan.profile)}"
    return replace(judged, verdict=Verdict.INCONCLUSIVE, reason=reason)


def _caveats(plan: Plan, judged: ShiftJudgement) -> Iterator[Caveat]:
    if judged.verdict is Verdict.FAIL:
        yield Caveat.ENCODING
    if len(plan.selected) < plan.profile.images_minimum:
        yield Caveat.TOO_FEW_IMAGES


def _mapping(value: object) -> Mapping[str, Any]:
    assert isinstance(value, Mapping)
    return value


def _listed(value: object) -> Sequence[object]:
    assert isinstance(value, list)
    return value
