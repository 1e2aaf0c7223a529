"""Shards of input_shift: maps of x and x + m, in double precision."""

from collections.abc import Mapping, Sequence

from junco.audit.checks import input_shift
from junco.audit.checks.constructions import Construction
from junco.audit.checks.shifts import made
from junco.audit.explanation import Explainer
from junco.audit.model import Canonical
from junco.audit.partial import Partial
from junco.audit.pipeline.prepare import comparison, explainer
from junco.audit.pipeline.runs.registry import KEPT, Order, runs
from junco.contract.catalogue import CheckName
from junco.contract.costing import rebased
from junco.contract.plan import PlannedMethod, ShardKind


@runs(ShardKind.SHIFT)
def shift(order: Order) -> Partial:
    """One shift of the shard's images."""
    plan = order.plan
    ready = order.bench(float64=True)
    arms = _arms(plan.methods_of(CheckName.INPUT_SHIFT))
    study = input_shift.ShiftStudy(
        model=ready.model,
        explainer=explainer(arms["prepend"], ready.model),
        folding=explainer(arms["fold"], ready.model) if arms["fold"] else None,
        rebased=_rebased(_arms(rebased(plan)), ready.model),
        comparison=comparison(descriptive=False),
        seed=plan.seed,
        tick=order.tick,
    )
    batch = ready.rows(order.shard.images)
    # A shard that was stored before there were several shifts names none.
    asked = order.shard.shift if order.shard.shift is not None else plan.shifts[0]
    return input_shift.run(order.shard, study, batch, shift=made(asked, ready.model, batch), keep=KEPT)


def _arms(methods: Sequence[PlannedMethod]) -> Mapping[Construction, Sequence[PlannedMethod]]:
    """Each construction with the methods whose cards ask for it."""
    folding = [m for m in methods if m.card.folds]
    return {"prepend": [m for m in methods if m not in folding], "fold": folding}


def _rebased(arms: Mapping[Construction, Sequence[PlannedMethod]], model: Canonical) -> dict[Construction, Explainer]:
    return {name: explainer(methods, model) for name, methods in arms.items() if methods}
