"""What a shard of each kind measures, one file a check; importing the package registers them all."""

from junco.audit.pipeline.runs import parameter_randomization, shift

__all__ = ["parameter_randomization", "shift"]
