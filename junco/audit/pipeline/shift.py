"""input_shift from partials to outcomes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from junco.audit.pipeline.merge import Pieces
from junco.audit.pipeline.numbers import known
from junco.audit.pipeline.randomization import Found
from junco.audit.types import Partial
from junco.audit.verdict import judge_shift
from junco.contract.catalogue import CheckName, Verdict
from junco.contract.outcome import Caveat, CheckOutcome, CheckRun, Preflight, ShiftStatistics
from junco.contract.plan import Plan, PlannedMethod

CHECK = CheckName.INPUT_SHIFT


def conclude(plan: Plan, pieces: Pieces) -> Found:
    """Judge all methods of ``plan`` from the shift shards' partials."""
    partials = [partial for _, partial in pieces]
    held = _preflight(plan, partials)
    used = partials[0].facts["construction"]
    holds = next(p.holds for p in held if p.name == f"same_outputs_{used}")
    outcomes = {m.label: _outcome(plan, m, partials, holds=holds) for m in plan.methods_of(CHECK)}
    return Found(outcomes=outcomes, run=CheckRun(check=CHECK, preflight=held))


def _preflight(plan: Plan, partials: Sequence[Partial]) -> tuple[Preflight, ...]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for partial in partials:
        for name, seen in _mapping(partial.facts["preconditions"]).items():
            found.setdefault(name, []).append(seen)
    return tuple(_held(plan, name, seen) for name, seen in found.items())


def _held(plan: Plan, name: str, seen: Sequence[Mapping[str, Any]]) -> Preflight:
    worst = max(float(s["difference"]) for s in seen)
    same = all(bool(s["argmax_equal"]) for s in seen)
    return Preflight(
        name=f"same_outputs_{name}",
        holds=same and worst <= plan.profile.thresholds.shift_precondition,
        detail=f"outputs differ by {worst:.1e} of the largest; predictions {'agree' if same else 'differ'}",
    )


def _outcome(plan: Plan, method: PlannedMethod, partials: Sequence[Partial], *, holds: bool) -> CheckOutcome:
    difference, rho = (
        np.concatenate([partial.arrays[method.label, name] for partial in partials]) for name in ("difference", "rho")
    )
    judged = judge_shift(difference, rho, holds=holds, thresholds=plan.profile.thresholds)
    facts = partials[0].facts
    return CheckOutcome(
        check=CHECK,
        verdict=judged.verdict,
        summary=f"{method.label}: {judged.reason}.",
        statistics=ShiftStatistics(
            construction="fold" if facts["construction"] == "fold" else "prepend",
            difference=None if judged.difference is None else known(judged.difference),
            rho=None if judged.rho is None else known(judged.rho),
            images=len(difference),
            shift=tuple(float(str(value)) for value in _listed(facts["shift"])),
            dtype=str(facts["dtype"]),
        ),
        caveats=(Caveat.ENCODING,) if judged.verdict is Verdict.FAIL else (),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    assert isinstance(value, Mapping)
    return value


def _listed(value: object) -> Sequence[object]:
    assert isinstance(value, list)
    return value
