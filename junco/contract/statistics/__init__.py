"""The numbers behind a verdict: one model for each check, told apart by ``check``."""

from typing import Annotated

from pydantic import Field

from junco.contract.statistics.attacks import (
    AimStatistics,
    EvidenceStatistics,
    FragilityStatistics,
    ManipulationStatistics,
    PanelStatistics,
    TamperingStatistics,
)
from junco.contract.statistics.context import (
    FaithfulnessStatistics,
    FillStatistics,
    RepeatabilityStatistics,
    RepeatStatistics,
)
from junco.contract.statistics.figures import (
    Interval,
    Sample,
)
from junco.contract.statistics.networks import (
    DepthStatistics,
    LabelStatistics,
    PolicyStatistics,
    PublishedStatistics,
    RandomizationStatistics,
)
from junco.contract.statistics.questions import (
    ClassStatistics,
    ConvergencePoint,
    OneShiftStatistics,
    RivalStatistics,
    ShiftStatistics,
)

Statistics = Annotated[
    RandomizationStatistics
    | ShiftStatistics
    | ClassStatistics
    | ManipulationStatistics
    | FragilityStatistics
    | TamperingStatistics
    | LabelStatistics
    | RepeatabilityStatistics
    | FaithfulnessStatistics,
    Field(discriminator="check"),
]
"""What any check may have measured of a method."""

__all__ = [
    "AimStatistics",
    "ClassStatistics",
    "ConvergencePoint",
    "DepthStatistics",
    "EvidenceStatistics",
    "FaithfulnessStatistics",
    "FillStatistics",
    "FragilityStatistics",
    "Interval",
    "LabelStatistics",
    "ManipulationStatistics",
    "OneShiftStatistics",
    "PanelStatistics",
    "PolicyStatistics",
    "PublishedStatistics",
    "RandomizationStatistics",
    "RepeatStatistics",
    "RepeatabilityStatistics",
    "RivalStatistics",
    "Sample",
    "ShiftStatistics",
    "Statistics",
    "TamperingStatistics",
]
