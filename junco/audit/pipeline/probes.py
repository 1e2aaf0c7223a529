"""What a shard states before its numbers: parity on its images and on random ones, and if maps can be followed."""

from collections.abc import Sequence

import torch

from junco.audit.batch import Batch
from junco.audit.checks.attack import kinked
from junco.audit.explain import smoothable, unfollowable
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


def refused(ready: Bench, batch: Batch) -> str | None:
    """Why no attack can follow maps of ``batch``, or None: it needs second derivatives, of the model or of its twin."""
    reason = unfollowable(ready.model)
    if reason or smoothable(ready.model) or not kinked(ready.model, batch):
        return reason
    return "the attack needs second derivatives, and the model bends at kinks alone, such as those of max-pooling"


# Not Pieces of merge.py, which brings the libraries that judge: a runner that computes must not pay for those.
def held(pieces: Sequence[tuple[Shard, Partial]]) -> Preflight:
    """Whether parity held in all ``pieces``."""
    probes = [probe for _, partial in pieces for probe in partial.facts["parity"]]  # type: ignore[attr-defined]  # JSON
    worst = max((probe["max_relative"] for probe in probes), default=0.0)
    detail = f"largest difference to the original {worst:.1e} of the largest"
    return Preflight(name="parity", holds=all(probe["within"] for probe in probes), detail=detail)
