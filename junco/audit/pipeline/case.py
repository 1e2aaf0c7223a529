"""What a check concludes from, what it finds, and the registry of those who conclude."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from junco.audit.partial import Partial
from junco.audit.pipeline.merge import Pieces, of_kind
from junco.audit.verdict import Judged
from junco.contract.catalogue import CheckName, Verdict
from junco.contract.model import ModelReport
from junco.contract.outcome import Caveat, CheckOutcome, CheckRun
from junco.contract.plan import Plan, PlannedMethod, ShardKind
from junco.contract.statistics import Statistics

Partials = Mapping[int, Partial]


@dataclass(frozen=True)
class Case:
    """A plan, what its shards measured, and what is known of its model and images (``labels``: true classes)."""

    plan: Plan
    report: ModelReport
    partials: Partials
    labels: Sequence[int | None] = ()

    def pieces(self, kind: ShardKind) -> Pieces:
        """The shards of one kind with their partials, in the plan's order."""
        return of_kind(self.plan, self.partials, kind)


@dataclass(frozen=True)
class Found:
    """The check's outcome per method label, and what it found of the model."""

    outcomes: Mapping[str, CheckOutcome]
    run: CheckRun


def families(plan: Plan, check: CheckName) -> list[list[PlannedMethod]]:
    """Methods that were asked for, and all others: a control takes no share of the methods' error rate."""
    planned = plan.methods_of(check)
    asked = [m for m in planned if m.requested and not m.control]
    return [family for family in (asked, [m for m in planned if m not in asked]) if family]


def not_run(check: CheckName, label: str, reason: str) -> CheckOutcome:
    """The outcome of a method that ``check`` could not look at."""
    return CheckOutcome(check=check, verdict=Verdict.NOT_RUN, summary=f"{label} was not run: {reason}.")


def told(check: CheckName, judged: Judged, *, statistics: Statistics, caveats: Iterable[Caveat]) -> CheckOutcome:
    """The outcome of a method that was judged: its word, why, what would decide, and what it rests on."""
    return CheckOutcome(
        check=check,
        verdict=judged.verdict,
        summary=judged.summary,
        needed=judged.missing,
        statistics=statistics,
        caveats=tuple(caveats),
    )


Conclude = Callable[[Case], Found]

_conclusions: dict[CheckName, Conclude] = {}

CONCLUSIONS: Mapping[CheckName, Conclude] = MappingProxyType(_conclusions)
"""How each check gets from partials to outcomes."""


def concludes(check: CheckName) -> Callable[[Conclude], Conclude]:
    """Register the decorated function as the one that concludes ``check``."""

    def register(conclude: Conclude) -> Conclude:
        _conclusions[check] = conclude
        return conclude

    return register
