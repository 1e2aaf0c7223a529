"""What stands beside the verdicts of parameter_randomization in a report: evidence that never decides."""

from collections.abc import Iterator
from dataclasses import dataclass

from junco.contract.catalogue import Depth
from junco.contract.outcome import CheckOutcome
from junco.contract.plan import Plan
from junco.contract.randomization import NormPolicy, Order
from junco.contract.statistics import Interval, RandomizationStatistics

_PARTS = {
    (Order.CASCADING, Depth.TOP): "upper half",
    (Order.BOTTOM_UP, Depth.TOP): "lower half",
    (Order.INDEPENDENT, Depth.TOP): "middle layer",
    (Order.INDEPENDENT, Depth.FULL): "first layer",
}
_POLICIES = {
    NormPolicy.KEEP: "kappa, running statistics kept",
    NormPolicy.RESET: "kappa, running statistics reset",
    NormPolicy.RE_ESTIMATE: "kappa, running statistics estimated again",
    NormPolicy.MATCH: "kappa, layers rescaled to the trained spread",
}


@dataclass(frozen=True)
class Row:
    """One figure: its name, what was random, its value, and a word on it."""

    name: str
    where: str
    value: str
    note: str


_SEQUENCES = {
    Order.CASCADING: "parameters are redrawn from the output down to the named layer",
    Order.BOTTOM_UP: "parameters are redrawn from the input up to the named layer",
    Order.INDEPENDENT: "the named layer alone is redrawn",
}


def sequence(plan: Plan) -> str:
    """What happens from one map of the strip to the next."""
    return _SEQUENCES[plan.randomization.order]


def random_part(depth: Depth, plan: Plan) -> str:
    """What is random at a deciding depth."""
    return _PARTS.get((plan.randomization.order, depth), "all layers")


def beside(check: CheckOutcome) -> list[Row]:
    """Other norm policies and published statistics of one method; none for other checks."""
    stats = check.statistics
    return [*_policies(stats), *_published(stats)] if isinstance(stats, RandomizationStatistics) else []


def _policies(stats: RandomizationStatistics) -> Iterator[Row]:
    for seen in stats.policies:
        own = f"{_value(seen.own)} as it was judged; {seen.images} images, {seen.seeds} seeds"
        yield Row(_POLICIES[seen.policy], "all layers", _value(seen.kappa), own)


def _published(stats: RandomizationStatistics) -> Iterator[Row]:
    for found in stats.published:
        interval = Interval(mean=found.value, lower=found.lower, upper=found.upper)
        drawn = f"{found.images} images, {found.seeds} seeds, {found.order.value.replace('_', ' ')}"
        yield Row(found.name.replace("_", " "), found.layer, _value(interval), f"{found.level:.0%} interval; {drawn}")


def _value(found: Interval) -> str:
    if found.mean is None:
        return "-"
    bounds = "" if found.lower is None else f" [{found.lower:.2f}, {found.upper:.2f}]"
    return f"{found.mean:.2f}{bounds}"
