"""What input_manipulation and fragility have in common on the way from partials to outcomes."""

from collections.abc import Mapping

import numpy as np

from junco.audit.pipeline.case import Case
from junco.audit.pipeline.merge import Pieces
from junco.audit.pipeline.numbers import known
from junco.audit.verdict import Share, Table
from junco.contract.attacking import attackable
from junco.contract.catalogue import RECIPES, CheckName, Verdict
from junco.contract.outcome import CheckOutcome, Interval
from junco.contract.plan import PlannedMethod, ShardKind


def not_run(case: Case, check: CheckName, kind: ShardKind) -> dict[str, CheckOutcome]:
    """Outcomes of those methods of ``check`` that were not attacked, by label, with the reason."""
    attacked = {m.label for m in attackable(case.plan, check)}
    refused = next((p.facts["refused"] for _, p in case.pieces(kind) if p.facts["refused"]), None)
    out = {}
    for method in case.plan.methods_of(check):
        reason = str(refused) if method.label in attacked and refused else None
        if method.label not in attacked:
            reason = _why(method)
        elif not case.pieces(kind):
            reason = "the target is another image's map, and the plan has one image"
        if reason is not None:
            summary = f"{method.label} was not run: {reason}."
            out[method.label] = CheckOutcome(check=check, verdict=Verdict.NOT_RUN, summary=summary)
    return out


def _why(method: PlannedMethod) -> str:
    if method.method in RECIPES:
        return "it was not asked for, and its fate under attack is not known beforehand"
    return "its map cannot be followed back to the image by second derivatives"


def column(pieces: Pieces, key: tuple[str, ...]) -> Table:
    """One quantity of every image that it was measured of, in the plan's order."""
    parts = [np.asarray(p.arrays[key], dtype=np.float64) for _, p in pieces if key in p.arrays]
    return np.concatenate(parts) if parts else np.empty(0)


def columns(pieces: Pieces, *where: str) -> Mapping[str, Table]:
    """All quantities under ``where``, by name."""
    depth = len(where)
    keys = {k: None for _, p in pieces for k in p.arrays if k[:depth] == where and len(k) == depth + 1}
    return {key[-1]: column(pieces, key) for key in keys}


def median(values: Table | None) -> float | None:
    """Median of what is defined; None when nothing is."""
    rows = np.empty(0) if values is None else values[~np.isnan(values)]
    return known(float(np.median(rows))) if rows.size else None


def wilson(found: Share | None, alpha: float) -> Interval:
    """A share with its interval; empty without trials."""
    if found is None or not found.trials:
        return Interval(mean=None)
    low, high = found.bounds(alpha)
    return Interval(mean=found.rate, lower=low, upper=high)
