"""Shards of fragility: images moved by a few grey levels until their maps are lost."""

from junco.audit.checks import fragility as check
from junco.audit.checks.fragility import FragilityStudy, Siege
from junco.audit.explain import followed, smoothable
from junco.audit.partial import Partial
from junco.audit.pipeline.prepare import Bench, bound, comparison, explainer
from junco.audit.pipeline.probes import probed, refused
from junco.audit.pipeline.runs.registry import Order, runs
from junco.contract.attacking import aim_cost, attackable, look_cost, rows_at_once
from junco.contract.catalogue import CheckName
from junco.contract.plan import Plan, PlannedMethod, ShardKind


@runs(ShardKind.FRAGILITY)
def fragility(order: Order) -> Partial:
    """Some images of the plan under every aim and under noise; the first shard keeps maps."""
    plan = order.plan
    ready = order.bench()
    mine = ready.rows(order.shard.images)
    facts = {"parity": probed(ready, mine, seed=plan.seed), "refused": refused(ready, mine)}
    if facts["refused"]:
        return Partial(arrays={}, facts=facts)
    study = FragilityStudy(
        model=ready.model,
        sieges={m.label: _siege(m, plan, ready) for m in attackable(plan, CheckName.FRAGILITY)},
        comparison=comparison(descriptive=False),
        seed=plan.seed,
        steps=plan.profile.fragility_steps,
        twin=smoothable(ready.model),
        tick=order.tick,
    )
    found = check.run(study, mine, keep=order.keep)
    return Partial(arrays={**found.arrays, **ready.answers(mine)}, facts=facts)


def _siege(method: PlannedMethod, plan: Plan, ready: Bench) -> Siege:
    (asked,) = bound([method])
    return Siege(
        function=followed(asked),
        explainer=explainer([method], ready.model),
        look_cost=look_cost(method, plan.profile),
        aim_cost=aim_cost(method, plan.profile),
        smooth=method.parameters.get("beta") is not None,
        rows=rows_at_once(method),
    )
