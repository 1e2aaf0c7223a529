"""run(shard) -> partial: one independent piece of a plan, from bytes to numbers."""

from collections.abc import Mapping
from types import MappingProxyType

from junco.audit.partial import Partial, Tick
from junco.audit.pipeline.prepare import Files
from junco.audit.pipeline.runs.registry import KEPT, RUNS, Order
from junco.contract.base import Digest
from junco.contract.plan import Plan, Shard

__all__ = ["KEPT", "run"]


def run(
    shard: Shard,
    plan: Plan,
    model: bytes,
    files: Files,
    *,
    device: str = "cpu",
    tick: Tick = lambda _: None,
    others: Mapping[Digest, bytes] = MappingProxyType({}),
) -> Partial:
    """Measure ``shard``: a pure function of the plan and the bytes it names; ``others`` are models beside ``model``."""
    return RUNS[shard.kind](Order(shard, plan, model, files, device, tick, others))
