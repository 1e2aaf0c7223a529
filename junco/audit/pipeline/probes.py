"""Parity with the original on a shard's images and on random ones: what a check states before its numbers."""

from collections.abc import Sequence

import torch

from junco.audit.batch import Batch
from junco.audit.graph import parity, random_probes
from junco.audit.partial import Partial
from junco.audit.pipeline.prepare import Bench
from junco.contract.outcome import Preflight
from junco.contract.plan import Shard


def probed(ready: Bench, batch: Batch, *, seed: int) -> list[dict[str, object]]:
    """Parity on ``batch`` and on random images, as JSON."""
    random = random_probes(ready.model, torch.Generator().manual_seed(seed), 4)
    found = parity(ready.model, {"images": batch.x} | {name: probe.to(batch.x) for name, probe in random.items()})
    return [dict(p.__dict__) for p in found]


# Not Pieces of merge.py, which brings the libraries that judge: a runner that computes must not pay for those.
def held(pieces: Sequence[tuple[Shard, Partial]]) -> Preflight:
    """Whether parity held in all ``pieces``."""
    probes = [probe for _, partial in pieces for probe in partial.facts["parity"]]  # type: ignore[attr-defined]  # JSON
    worst = max((probe["max_relative"] for probe in probes), default=0.0)
    detail = f"largest difference to the original {worst:.1e} of the largest"
    return Preflight(name="parity", holds=all(probe["within"] for probe in probes), detail=detail)
