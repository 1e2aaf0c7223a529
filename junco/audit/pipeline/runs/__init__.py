"""What a shard of each kind measures, one file a check; importing the package registers them all."""

from junco.audit.pipeline.runs import (  # noqa: F401  # each registers what it measures as it is imported
    classes,
    convergence,
    faithfulness,
    fragility,
    labels,
    manipulation,
    parameter_randomization,
    repeatability,
    shift,
    tampering,
)
