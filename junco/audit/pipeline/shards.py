"""run(shard) -> partial: one independent piece of a plan, from bytes to numbers."""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from junco.audit.checks import input_shift, parameter_randomization
from junco.audit.explain import preflight
from junco.audit.graph import parity, random_probes
from junco.audit.pipeline.prepare import Bench, Files, bench, bound, calibration, comparison, explainers
from junco.audit.types import Batch, Partial, Tick
from junco.contract.catalogue import CheckName
from junco.contract.plan import Plan, Shard, ShardKind

KEPT = 2
"""Images whose maps are kept for pictures."""


def run(
    shard: Shard, plan: Plan, model: bytes, files: Files, *, device: str = "cpu", tick: Tick = lambda _: None
) -> Partial:
    """Measure ``shard``: a pure function of the plan and the bytes it names."""
    return _RUN[shard.kind](shard, plan, model, files, device, tick)


def _cells(shard: Shard, plan: Plan, model: bytes, files: Files, device: str, tick: Tick) -> Partial:
    ready = bench(plan, model, files, device=device)
    partial = parameter_randomization.run(shard, _study(ready, plan, tick, descriptive=True), ready.rows(shard.images))
    return Partial(arrays=partial.arrays, facts=dict(partial.facts) | _facts(ready, shard, plan))


def _curve(shard: Shard, plan: Plan, model: bytes, files: Files, device: str, tick: Tick) -> Partial:
    ready = bench(plan, model, files, device=device)
    study = _study(ready, plan, tick, descriptive=False)
    return parameter_randomization.run(shard, study, ready.rows(shard.images), keep=KEPT)


def _shift(shard: Shard, plan: Plan, model: bytes, files: Files, device: str, tick: Tick) -> Partial:
    ready = bench(plan, model, files, device=device, float64=True)
    explainer, _ = explainers(plan, CheckName.INPUT_SHIFT, ready.model)
    study = input_shift.ShiftStudy(
        model=ready.model,
        explainer=explainer,
        comparison=comparison(descriptive=False),
        seed=plan.seed,
        tick=tick,
    )
    batch = ready.rows(shard.images)
    return input_shift.run(shard, study, batch, shift=_constant_shift(batch, plan.shift), keep=KEPT)


_RUN: dict[ShardKind, Callable[[Shard, Plan, bytes, Files, str, Tick], Partial]] = {
    ShardKind.CELLS: _cells,
    ShardKind.CURVE: _curve,
    ShardKind.SHIFT: _shift,
}


def _study(ready: Bench, plan: Plan, tick: Tick, *, descriptive: bool) -> parameter_randomization.Study:
    explainer, stochastic = explainers(plan, CheckName.PARAMETER_RANDOMIZATION, ready.model)
    return parameter_randomization.Study(
        model=ready.model,
        explainer=explainer,
        stochastic=stochastic,
        comparison=comparison(descriptive=descriptive),
        calibration=calibration(ready, plan.profile.calibration_images),
        seed=plan.seed,
        tick=tick,
    )


def _constant_shift(batch: Batch, shift: float | Literal["range"]) -> Tensor:
    """m [C, H, W], one value a channel: the paper's -1 for data in [0, 1], and minus the range in general."""
    low, high = batch.box.low.to(batch.x), batch.box.high.to(batch.x)
    per_channel = low - high if shift == "range" else torch.full_like(low, shift)
    return per_channel[:, None, None].expand(batch.x.shape[1:]).clone()


def _facts(ready: Bench, shard: Shard, plan: Plan) -> dict[str, object]:
    """What must hold before the numbers mean anything: parity with the original, and every method's own preflight."""
    mine = ready.rows(shard.images)
    random = random_probes(ready.model, torch.Generator().manual_seed(plan.seed), 4)
    held = parity(ready.model, {"images": mine.x} | {name: probe.to(mine.x) for name, probe in random.items()})
    methods = bound(plan.methods_of(CheckName.PARAMETER_RANDOMIZATION))
    found = preflight(methods, ready.model, mine.rows(0, 2), seed=plan.seed, limits=plan.profile.thresholds)
    return {
        "parity": [p.__dict__ for p in held],
        "preflight": {label: {"problems": f.problems, "figures": dict(f.figures)} for label, f in found.items()},
        "calibration": sum(len(part) for part in calibration(ready, plan.profile.calibration_images)),
    }
