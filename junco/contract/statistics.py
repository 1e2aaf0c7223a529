"""The numbers behind a verdict: one model for each check, told apart by ``check``."""

from typing import Annotated, Literal

from pydantic import Field

from junco.contract.base import Frozen
from junco.contract.catalogue import Arm, CheckName, Depth, Verdict


class Interval(Frozen):
    """A mean with its 95 % two-way interval over images and seeds."""

    mean: float | None
    lower: float | None = None
    upper: float | None = None


class DepthStatistics(Frozen):
    """What is known of one method at one depth in one arm."""

    arm: Arm
    depth: Depth
    images: int
    seeds: int
    rho: Interval
    floor: float | None
    kappa: Interval
    degrees_of_freedom: float | None = None
    identity: float | None = Field(default=None, description="Lower one-sided bound of mean(rho - ceiling).")
    p_fail: float | None = Field(default=None, description="p of kappa <= tau_fail; small accuses.")
    p_fail_holm: float | None = Field(default=None, description="The same, over both arms, corrected by Holm.")
    p_pass: float | None = Field(default=None, description="p of kappa >= tau_pass; small acquits.")
    undefined: float = Field(description="Share of (image, seed) cells without a defined kappa.")
    degenerate: float = Field(description="Share of constant or non-finite randomised maps.")
    decision: Verdict
    secondary: dict[str, float | None] = Field(default={}, description="Descriptive similarities; they never decide.")


class RandomizationStatistics(Frozen):
    """parameter_randomization of one method."""

    check: Literal[CheckName.PARAMETER_RANDOMIZATION] = CheckName.PARAMETER_RANDOMIZATION
    ceiling: float | None
    depths: tuple[DepthStatistics, ...]
    edge_similarity: float | None = None
    random_vs_random: float | None = None
    random_map_floor: float | None = Field(default=None, description="Similarity to noise with the map's own spectrum.")
    resolution: tuple[int, int] | None = None
    completeness: float | None = None


class ShiftStatistics(Frozen):
    """input_shift of one method."""

    check: Literal[CheckName.INPUT_SHIFT] = CheckName.INPUT_SHIFT
    construction: Literal["prepend", "fold"] | None = None
    difference: float | None = Field(description="Median over images of max|A1 - A2| / max|A1|.")
    rho: float | None = Field(description="Smallest rank correlation of the two maps over images.")
    images: int
    shift: tuple[float, ...] = ()
    dtype: str = "float64"


Statistics = Annotated[RandomizationStatistics | ShiftStatistics, Field(discriminator="check")]
"""What any check may have measured of a method."""
