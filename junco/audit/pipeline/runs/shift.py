"""Shards of input_shift: maps of x and x + m, in double precision."""

from typing import Literal

import torch
from torch import Tensor

from junco.audit.checks import input_shift
from junco.audit.pipeline.prepare import bench, comparison, explainer
from junco.audit.pipeline.runs.registry import KEPT, Order, runs
from junco.audit.types import Batch, Partial
from junco.contract.catalogue import METHODS, CheckName
from junco.contract.plan import ShardKind


@runs(ShardKind.SHIFT)
def shift(order: Order) -> Partial:
    """One shift of the shard's images."""
    plan = order.plan
    ready = bench(plan, order.model, order.files, device=order.device, float64=True)
    planned = plan.methods_of(CheckName.INPUT_SHIFT)
    folding = [m for m in planned if METHODS[m.method].folds]
    study = input_shift.ShiftStudy(
        model=ready.model,
        explainer=explainer([m for m in planned if m not in folding], ready.model),
        folding=explainer(folding, ready.model) if folding else None,
        comparison=comparison(descriptive=False),
        seed=plan.seed,
        tick=order.tick,
    )
    batch = ready.rows(order.shard.images)
    return input_shift.run(order.shard, study, batch, shift=_constant_shift(batch, plan.shift), keep=KEPT)


def _constant_shift(batch: Batch, shift: float | Literal["range"]) -> Tensor:
    """m [C, H, W], one value a channel: the paper's -1 for data in [0, 1], and minus the range in general."""
    low, high = batch.box.low.to(batch.x), batch.box.high.to(batch.x)
    per_channel = low - high if shift == "range" else torch.full_like(low, shift)
    return per_channel[:, None, None].expand(batch.x.shape[1:]).clone()
