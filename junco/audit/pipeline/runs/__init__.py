"""What a shard of each kind measures, one file a check; importing the package registers them all."""

from junco.audit.pipeline.runs import classes, parameter_randomization, shift

__all__ = ["classes", "parameter_randomization", "shift"]
