"""Shards of input_manipulation: images attacked until their maps are another image's."""

from functools import partial as bind

from junco.audit.checks import input_manipulation
from junco.audit.checks.attack import Likeness
from junco.audit.checks.input_manipulation import Campaign, partners
from junco.audit.explain import followed, smoothable
from junco.audit.partial import Partial
from junco.audit.pipeline.prepare import bound, explainer
from junco.audit.pipeline.probes import probed, refused
from junco.audit.pipeline.runs.registry import Order, runs
from junco.audit.similarity import named
from junco.audit.similarity.ssim import structural_similarity, uniform
from junco.contract.attacking import attack_cost, attackable, budget, defences, defended, rows_at_once
from junco.contract.catalogue import CheckName
from junco.contract.plan import Plan, PlannedMethod, ShardKind

_WINDOW = 7


@runs(ShardKind.MANIPULATION)
def manipulation(order: Order) -> Partial:
    """Some images of the plan, with the maps of others as targets; the first shard keeps pictures."""
    plan, images = order.plan, order.shard.images
    ready = order.bench()
    mine = ready.rows(images)
    facts = {"parity": probed(ready, mine, seed=plan.seed), "refused": refused(ready, mine)}
    if facts["refused"]:
        return Partial(arrays={}, facts=facts)
    methods = attackable(plan, CheckName.INPUT_MANIPULATION)
    study = input_manipulation.ManipulationStudy(
        model=ready.model,
        explainer=explainer(methods, ready.model),
        campaigns={method.label: _campaign(method, plan) for method in methods},
        likeness=_likeness(),
        seed=plan.seed,
        twin=smoothable(ready.model),
        tick=order.tick,
    )
    others = ready.rows(partners(images, seed=plan.seed, count=len(plan.selected)))
    found = input_manipulation.run(study, mine, others, defended=len(defended(plan, images)), keep=order.keep)
    return Partial(arrays={**found.arrays, **ready.answers(mine)}, facts=facts)


def _campaign(method: PlannedMethod, plan: Plan) -> Campaign:
    (asked,) = bound([method])
    spent = budget(method, plan.profile)
    return Campaign(
        function=followed(asked),
        budget=spent,
        defences={defence: budget(method, plan.profile, defence) for defence in defences(method)},
        cost=attack_cost(method, spent),
        smooth=method.parameters.get("beta") is not None,
        rows=rows_at_once(method),
    )


def _likeness() -> Likeness:
    images = bind(structural_similarity, window=uniform(_WINDOW), data_range=1.0)
    return Likeness(images=images, maps=named("ssim_audit"), correlation=named("pearson"))
