"""The one table from a shard's kind to its code."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from junco.audit.partial import Partial, Tick
from junco.audit.pipeline.prepare import Bench, Files, bench
from junco.contract.base import Digest
from junco.contract.plan import Plan, Shard, ShardKind

KEPT = 2
"""Images whose maps are kept for pictures."""


@dataclass(frozen=True)
class Order:
    """A shard to measure, and everything that it is a function of."""

    shard: Shard
    plan: Plan
    model: bytes
    files: Files
    device: str = "cpu"
    tick: Tick = lambda _: None
    others: Mapping[Digest, bytes] = field(default_factory=dict)

    def bench(self, *, float64: bool = False) -> Bench:
        """The model and the images that the shard is measured on."""
        return bench(self.plan, self.model, self.files, device=self.device, float64=float64)

    @property
    def keep(self) -> int:
        """Images whose maps are kept where the plan's images are cut into shards: the first shard's first."""
        return KEPT if self.shard.images[0] == 0 else 0


Measure = Callable[[Order], Partial]

_runs: dict[ShardKind, Measure] = {}

RUNS: Mapping[ShardKind, Measure] = MappingProxyType(_runs)
"""Who measures each kind of shard."""


def runs(kind: ShardKind) -> Callable[[Measure], Measure]:
    """Register the decorated function as the one that measures shards of ``kind``."""

    def register(measure: Measure) -> Measure:
        _runs[kind] = measure
        return measure

    return register
