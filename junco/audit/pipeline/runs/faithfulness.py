"""Shards of faithfulness: images taken apart in the order of each map."""

from junco.audit.checks import faithfulness as check
from junco.audit.partial import Partial
from junco.audit.pipeline.prepare import comparison, explainer
from junco.audit.pipeline.probes import probed
from junco.audit.pipeline.runs.registry import Order, runs
from junco.contract.catalogue import CheckName
from junco.contract.plan import ShardKind


@runs(ShardKind.FAITHFULNESS)
def faithfulness(order: Order) -> Partial:
    """Some images of the plan; the first shard keeps maps."""
    plan = order.plan
    ready = order.bench()
    mine = ready.rows(order.shard.images)
    study = check.FaithStudy(
        model=ready.model,
        explainer=explainer(plan.methods_of(CheckName.FAITHFULNESS), ready.model),
        comparison=comparison(descriptive=False),
        seed=plan.seed,
        steps=plan.profile.faithfulness_steps,
        orders=plan.profile.faithfulness_orders,
        squares=plan.profile.faithfulness_squares,
        moves=plan.profile.faithfulness_moves,
        tick=order.tick,
    )
    found = check.run(study, mine, cost=order.shard.cost, keep=order.keep)
    facts = {"parity": probed(ready, mine, seed=plan.seed)}
    return Partial(arrays={**found.arrays, **ready.answers(mine)}, facts=facts)
