"""Shards of parameter_randomization: cells that decide, the curve that is drawn, and evidence that never decides."""

from dataclasses import replace

from junco.audit.checks import parameter_randomization
from junco.audit.checks.conventions import published
from junco.audit.checks.smooth import Smooth
from junco.audit.explain import preflight
from junco.audit.partial import Partial
from junco.audit.pipeline.prepare import Bench, bound, calibration, comparison, explainers
from junco.audit.pipeline.probes import probed
from junco.audit.pipeline.runs.registry import KEPT, Order, runs
from junco.audit.similarity import named
from junco.contract.catalogue import CheckName, Control, Method
from junco.contract.plan import Plan, ShardKind
from junco.contract.randomization import Order as LayerOrder


@runs(ShardKind.CELLS)
def cells(order: Order) -> Partial:
    """Every cell at the deciding depths, with what must hold before the numbers mean anything."""
    ready = order.bench()
    study = _study(order, ready, descriptive=True)
    partial = parameter_randomization.run(order.shard, study, ready.rows(order.shard.images))
    facts = _facts(order, ready) | {"calibration": sum(len(part) for part in study.calibration)}
    return Partial(arrays=partial.arrays, facts=dict(partial.facts) | facts)


@runs(ShardKind.CURVE)
def curve(order: Order) -> Partial:
    """All stages of the cascade on a few images, with their maps."""
    ready = order.bench()
    study = _study(order, ready, descriptive=False)
    return parameter_randomization.run(order.shard, study, ready.rows(order.shard.images), keep=KEPT)


@runs(ShardKind.NORM_POLICIES)
def norm_policies(order: Order) -> Partial:
    """A few fully drawn networks again, under another norm policy."""
    ready = order.bench()
    study = _study(order, ready, descriptive=False)
    how = study.how.model_copy(update={"norm_policy": order.shard.norm_policy})
    changed = replace(study, how=how, published={})
    return parameter_randomization.run(order.shard, changed, ready.rows(order.shard.images))


@runs(ShardKind.SMOOTH)
def smooth(order: Order) -> Partial:
    """Smooth MPRT from the input up, on a few images."""
    ready = order.bench()
    study, samples = _study(order, ready, descriptive=False), order.plan.profile.smooth_samples
    averaged = Smooth(study.explainer, samples)
    changed = replace(
        study,
        explainer=averaged,
        stochastic=averaged,
        how=study.how.model_copy(update={"order": LayerOrder.BOTTOM_UP}),
        published={},
        tick=lambda images: order.tick(samples * images),
    )
    return parameter_randomization.run(order.shard, changed, ready.rows(order.shard.images))


def _study(order: Order, ready: Bench, *, descriptive: bool) -> parameter_randomization.Study:
    explainer, stochastic = explainers(order.plan, CheckName.PARAMETER_RANDOMIZATION, ready.model)
    return parameter_randomization.Study(
        model=ready.model,
        explainer=explainer,
        stochastic=stochastic,
        comparison=comparison(descriptive=descriptive),
        calibration=calibration(ready, order.plan.profile.calibration_images),
        seed=order.plan.seed,
        tick=order.tick,
        how=order.plan.randomization,
        published=published(order.plan.randomization, _methods(order.plan), named),
    )


def _methods(plan: Plan) -> dict[str, Method | Control]:
    """Methods that a paper's statistics are taken of: controls are ours."""
    found = plan.methods_of(CheckName.PARAMETER_RANDOMIZATION)
    return {m.label: m.method for m in found if not m.control}


def _facts(order: Order, ready: Bench) -> dict[str, object]:
    """What must hold before the numbers mean anything: parity with the original, and every method's own preflight."""
    plan, mine = order.plan, ready.rows(order.shard.images)
    methods = bound(plan.methods_of(CheckName.PARAMETER_RANDOMIZATION))
    found = preflight(methods, ready.model, mine.rows(0, 2), seed=plan.seed, limits=plan.profile.thresholds)
    return {
        "parity": probed(ready, mine, seed=plan.seed),
        "preflight": {label: {"problems": f.problems, "figures": dict(f.figures)} for label, f in found.items()},
    }
