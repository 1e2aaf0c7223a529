"""Shards of repeatability: the same maps, asked for again."""

from junco.audit.checks import repeatability as check
from junco.audit.explain import build
from junco.audit.partial import Partial
from junco.audit.pipeline.prepare import at_once, bound, comparison, explainer
from junco.audit.pipeline.probes import probed
from junco.audit.pipeline.runs.registry import Order, runs
from junco.contract.catalogue import CheckName
from junco.contract.plan import ShardKind


@runs(ShardKind.REPEATS)
def repeats(order: Order) -> Partial:
    """Some images of the plan, explained again and again; the first shard keeps maps."""
    plan = order.plan
    ready = order.bench()
    planned, mine = plan.methods_of(CheckName.REPEATABILITY), ready.rows(order.shard.images)
    study = check.RepeatStudy(
        model=ready.model,
        explainer=explainer(planned, ready.model),
        # Neither the usual size nor a divisor of it, so that images meet other neighbours in other places.
        other=build(bound(planned), ready.model, batch_size=at_once(order.device) // 2 + 1),
        comparison=comparison(descriptive=False),
        draws=plan.profile.repeat_draws,
        tick=order.tick,
    )
    found = check.run(study, mine, cost=order.shard.cost, keep=order.keep)
    facts = {"parity": probed(ready, mine, seed=plan.seed)}
    return Partial(arrays={**found.arrays, **ready.answers(mine)}, facts=facts)
