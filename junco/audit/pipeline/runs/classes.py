"""Shards of class_sensitivity: maps of other classes on the trained model."""

from junco.audit.checks import class_sensitivity
from junco.audit.partial import Partial
from junco.audit.pipeline.prepare import comparison, explainers
from junco.audit.pipeline.probes import probed
from junco.audit.pipeline.runs.registry import Order, runs
from junco.contract.catalogue import CheckName
from junco.contract.plan import ShardKind


@runs(ShardKind.CLASSES)
def classes(order: Order) -> Partial:
    """One group of images, for their own and for other classes; the first group keeps maps."""
    plan = order.plan
    ready = order.bench()
    explainer, stochastic = explainers(plan, CheckName.CLASS_SENSITIVITY, ready.model)
    study = class_sensitivity.ClassStudy(
        model=ready.model,
        explainer=explainer,
        stochastic=stochastic,
        comparison=comparison(descriptive=False),
        seed=plan.seed,
        draws=plan.profile.class_draws,
        tick=order.tick,
    )
    mine = ready.rows(order.shard.images)
    partial = class_sensitivity.run(study, mine, keep=order.keep)
    return Partial(arrays=partial.arrays, facts={"parity": probed(ready, mine, seed=plan.seed)})
