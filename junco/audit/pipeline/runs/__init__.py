"""What a shard of each kind measures, one file a check; importing the package registers them all."""

from junco.audit.pipeline.runs import (
    classes,
    faithfulness,
    fragility,
    labels,
    manipulation,
    parameter_randomization,
    repeatability,
    shift,
)

__all__ = [
    "classes",
    "faithfulness",
    "fragility",
    "labels",
    "manipulation",
    "parameter_randomization",
    "repeatability",
    "shift",
]
