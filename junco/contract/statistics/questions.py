"""Numbers of checks that ask the same network otherwise: of a shifted input, or of another class."""

from typing import Literal

from pydantic import Field

from junco.contract.base import Frozen
from junco.contract.catalogue import CheckName, Rival, Verdict
from junco.contract.statistics.figures import Interval


class OneShiftStatistics(Frozen):
    """What one shift did to one method's maps."""

    kind: str
    shift: tuple[float, ...] = Field(description="Its mean in each channel, in model input space.")
    difference: float | None
    rho: float | None
    rebased: float | None = None
    decision: Verdict


class ShiftStatistics(Frozen):
    """input_shift of one method; single figures are those of the shift that decides."""

    check: Literal[CheckName.INPUT_SHIFT] = CheckName.INPUT_SHIFT
    construction: Literal["prepend", "fold"] | None = None
    kind: str = Field(default="range", description="The shift that decides.")
    difference: float | None = Field(description="Median over images of max|A1 - A2| / max|A1|.")
    rho: float | None = Field(description="Smallest rank correlation of the two maps over images.")
    rebased: float | None = Field(default=None, description="The difference with the baseline moved by the shift too.")
    images: int
    shift: tuple[float, ...] = ()
    dtype: str = "float64"
    shifts: tuple[OneShiftStatistics, ...] = ()


class RivalStatistics(Frozen):
    """What is known of one method's maps for another class."""

    rival: Rival
    images: int
    draws: int
    rho: Interval
    floor: float | None
    kappa: Interval
    identity: float | None = Field(default=None, description="Lower one-sided bound of mean(rho - ceiling).")
    p_fail: float | None = Field(default=None, description="p of kappa <= class_fail; small accuses.")
    p_fail_holm: float | None = Field(default=None, description="The same, over both rivals, corrected by Holm.")
    p_pass: float | None = Field(default=None, description="p of kappa >= class_pass; small acquits.")
    likeness: float | None = Field(
        default=None, description="Mean similarity of the trained model's maps of different images."
    )
    p_survived: float | None = Field(
        default=None,
        description="p of (rho - floor) / (ceiling - likeness) >= class_fail; a pass needs it small too.",
    )
    undefined: float = Field(description="Share of cells without a defined kappa.")
    degenerate: float = Field(description="Share of constant or non-finite maps.")
    decision: Verdict


class ConvergencePoint(Frozen):
    """|cosine| of the directions over channels in which two random relevances arrive at a layer's output."""

    layer: str
    median: float | None
    lower: float | None = Field(default=None, description="First decile over places, pairs and images.")
    upper: float | None = Field(default=None, description="Last decile.")
    expected: float | None = Field(
        default=None, description="Of random directions, in as many dimensions as live channels and classes give."
    )
    undefined: float = Field(description="Share of places where one of the two did not arrive.")


class ClassStatistics(Frozen):
    """class_sensitivity of one method."""

    check: Literal[CheckName.CLASS_SENSITIVITY] = CheckName.CLASS_SENSITIVITY
    ceiling: float | None
    convergence: float | None = Field(
        default=None,
        description="Median |cosine|, at the lowest layer, of what two random relevances become; 1: the start is lost.",
    )
    convergence_by_chance: float | None = Field(default=None, description="The same of random directions there.")
    rivals: tuple[RivalStatistics, ...]
    layers: tuple[ConvergencePoint, ...] = Field(
        default=(), description="Convergence at each layer, output first; it never decides."
    )
