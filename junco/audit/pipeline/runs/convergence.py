"""The shard of class_sensitivity that carries random relevance back by the methods' rules."""

from junco.audit.checks.convergence import ConvergenceStudy, run
from junco.audit.explain import Carrier
from junco.audit.partial import Partial
from junco.audit.pipeline.prepare import bound
from junco.audit.pipeline.runs.registry import Order, runs
from junco.contract.converging import DRAWS, converging
from junco.contract.plan import ShardKind


@runs(ShardKind.CONVERGENCE)
def convergence(order: Order) -> Partial:
    """A few images of the plan, on the trained model."""
    ready = order.bench()
    study = ConvergenceStudy(
        carry=Carrier(bound(converging(order.plan)), ready.model),
        classes=ready.model.classes,
        seed=order.plan.seed,
        draws=DRAWS,
        tick=order.tick,
    )
    return run(study, ready.rows(order.shard.images))
