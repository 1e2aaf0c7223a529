"""The numbers behind a verdict: one model for each check, told apart by ``check``."""

from typing import Annotated, Literal

from pydantic import Field

from junco.contract.base import Frozen
from junco.contract.catalogue import Aim, Arm, CheckName, Depth, Rival, Verdict


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
    undefined: float = Field(description="Share of cells without a defined kappa.")
    degenerate: float = Field(description="Share of constant or non-finite maps.")
    decision: Verdict


class ClassStatistics(Frozen):
    """class_sensitivity of one method."""

    check: Literal[CheckName.CLASS_SENSITIVITY] = CheckName.CLASS_SENSITIVITY
    ceiling: float | None
    rivals: tuple[RivalStatistics, ...]


class ManipulationStatistics(Frozen):
    """input_manipulation of one method. Correlations are of maps without sign, medians over images."""

    check: Literal[CheckName.INPUT_MANIPULATION] = CheckName.INPUT_MANIPULATION
    images: int = Field(description="Images with a map, and with room for the attack to succeed.")
    undefined: int = Field(description="Images without.")
    steps: int = Field(description="Steps of the attack.")
    success: Interval = Field(description="Share of images on which the attack succeeds, Wilson's 95 % interval.")
    same_class: float | None = Field(description="Share of images that keep their class.")
    output: float | None = Field(description="Distance of the softmax outputs before and after.")
    image_ssim: float | None = Field(description="Similarity of the image before and after.")
    before: float | None = Field(description="Correlation with the target of the map before the attack.")
    after: float | None = Field(description="Correlation with the target of the map after it.")
    kept: float | None = Field(description="Correlation of the maps before and after.")
    map_ssim: float | None = Field(description="Structural similarity of the map after the attack to the target.")
    followed: float | None = Field(description="Correlation with the target on the smooth twin that is attacked.")
    beta_kept: float | None = Field(description="Correlation before and after of maps smoothed by beta: same image.")
    beta_success: Interval = Field(description="Share of successes of an attack on maps smoothed by beta.")
    beta_after: float | None = Field(description="Correlation with the target under that attack.")
    smoothgrad_success: Interval = Field(description="Share of successes of an attack on maps smoothed by noise.")
    smoothgrad_after: float | None = Field(description="Correlation with the target under that attack.")


class AimStatistics(Frozen):
    """What one attack of fragility did to one method's maps; the same figures for noise of the same size."""

    aim: Aim
    score: Interval = Field(description="Share of the top k lost to the attack, less that lost to noise.")
    overlap: float | None = Field(description="Share of the top k that the attack leaves.")
    overlap_noise: float | None
    rho: float | None = Field(description="Rank correlation of the maps before and after.")
    rho_noise: float | None
    displacement: float | None = Field(description="Way of the map's centre of mass, in pixels.")
    displacement_noise: float | None
    region: float | None = Field(description="Share of the map in the quarter that had least.")
    region_noise: float | None
    p_fail: float | None = Field(default=None, description="p of score <= fragility_fail; small accuses.")
    p_fail_holm: float | None = Field(default=None, description="The same, over all aims and methods, by Holm.")
    p_pass: float | None = Field(default=None, description="p of score >= fragility_pass; small acquits.")
    decision: Verdict


class FragilityStatistics(Frozen):
    """fragility of one method."""

    check: Literal[CheckName.FRAGILITY] = CheckName.FRAGILITY
    images: int
    undefined: int = Field(description="Images with a constant map, or one that is not finite.")
    steps: int = Field(description="Steps of each attack, and draws of noise.")
    epsilon: float = Field(description="Largest change of a pixel, as a share of its range.")
    top: int = Field(description="Pixels in the top k.")
    aims: tuple[AimStatistics, ...]


Statistics = Annotated[
    RandomizationStatistics | ShiftStatistics | ClassStatistics | ManipulationStatistics | FragilityStatistics,
    Field(discriminator="check"),
]
"""What any check may have measured of a method."""
