"""How every check concludes, one file a check; importing this registers them all."""

from junco.audit.pipeline import (  # noqa: F401  # each registers how it concludes as it is imported
    classes,
    faithfulness,
    fragility,
    labels,
    manipulation,
    randomization,
    repeatability,
    shift,
    tampering,
)
from junco.audit.pipeline.case import CONCLUSIONS

__all__ = ["CONCLUSIONS"]
