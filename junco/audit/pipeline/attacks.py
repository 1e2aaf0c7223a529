"""What input_manipulation and fragility have in common on the way from partials to outcomes."""

from junco.audit.pipeline.case import Case, not_run
from junco.audit.verdict import Share
from junco.contract.attacking import attackable
from junco.contract.catalogue import RECIPES, CheckName
from junco.contract.outcome import CheckOutcome
from junco.contract.plan import PlannedMethod, ShardKind
from junco.contract.statistics import Interval


def not_attacked(case: Case, check: CheckName, kind: ShardKind) -> dict[str, CheckOutcome]:
    """Outcomes of those methods of ``check`` that were not attacked, by label, with the reason."""
    attacked = {m.label for m in attackable(case.plan, check)}
    refused = next((p.facts["refused"] for _, p in case.pieces(kind) if p.facts["refused"]), None)
    alone = None if case.pieces(kind) else "the target is another image's map, and the plan has one image"
    reasons = {m.label: alone or refused if m.label in attacked else _why(m) for m in case.plan.methods_of(check)}
    return {label: not_run(check, label, str(reason)) for label, reason in reasons.items() if reason}


def _why(method: PlannedMethod) -> str:
    if method.method in RECIPES:
        return "it was not asked for, and its fate under attack is not known beforehand"
    return "its map cannot be followed back to the image by second derivatives"


def wilson(found: Share | None) -> Interval:
    """A share with its 95 % interval; empty without trials."""
    if found is None or not found.trials:
        return Interval(mean=None)
    low, high = found.bounds(0.05)
    return Interval(mean=found.rate, lower=low, upper=high)
