"""Shards of parameter_randomization: the cells that decide, and the curve that is drawn."""

import torch

from junco.audit.checks import parameter_randomization
from junco.audit.explain import preflight
from junco.audit.graph import parity, random_probes
from junco.audit.pipeline.prepare import Bench, bench, bound, calibration, comparison, explainers
from junco.audit.pipeline.runs.registry import KEPT, Order, runs
from junco.audit.types import Partial
from junco.contract.catalogue import CheckName
from junco.contract.plan import ShardKind


@runs(ShardKind.CELLS)
def cells(order: Order) -> Partial:
    """Every cell at the deciding depths, with what must hold before the numbers mean anything."""
    ready = bench(order.plan, order.model, order.files, device=order.device)
    study = _study(order, ready, descriptive=True)
    partial = parameter_randomization.run(order.shard, study, ready.rows(order.shard.images))
    facts = _facts(order, ready) | {"calibration": sum(len(part) for part in study.calibration)}
    return Partial(arrays=partial.arrays, facts=dict(partial.facts) | facts)


@runs(ShardKind.CURVE)
def curve(order: Order) -> Partial:
    """All stages of the cascade on a few images, with their maps."""
    ready = bench(order.plan, order.model, order.files, device=order.device)
    study = _study(order, ready, descriptive=False)
    return parameter_randomization.run(order.shard, study, ready.rows(order.shard.images), keep=KEPT)


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
    )


def _facts(order: Order, ready: Bench) -> dict[str, object]:
    """What must hold before the numbers mean anything: parity with the original, and every method's own preflight."""
    plan, mine = order.plan, ready.rows(order.shard.images)
    random = random_probes(ready.model, torch.Generator().manual_seed(plan.seed), 4)
    held = parity(ready.model, {"images": mine.x} | {name: probe.to(mine.x) for name, probe in random.items()})
    methods = bound(plan.methods_of(CheckName.PARAMETER_RANDOMIZATION))
    found = preflight(methods, ready.model, mine.rows(0, 2), seed=plan.seed, limits=plan.profile.thresholds)
    return {
        "parity": [p.__dict__ for p in held],
        "preflight": {label: {"problems": f.problems, "figures": dict(f.figures)} for label, f in found.items()},
    }
