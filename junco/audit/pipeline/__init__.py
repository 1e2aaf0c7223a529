"""The audit's story: plan -> shards, run(shard) -> partial, finalise(partials) -> outcome."""

from junco.audit.pipeline.draw import draw
from junco.audit.pipeline.finalise import conclude
from junco.audit.pipeline.inspect import inspect
from junco.audit.pipeline.shards import run

__all__ = ["conclude", "draw", "inspect", "run"]
