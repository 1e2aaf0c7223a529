"""The numbers behind a verdict: one model for each check, told apart by ``check``."""

from typing import Annotated, Literal

from pydantic import Field

from junco.contract.base import Frozen
from junco.contract.catalogue import Aim, Arm, CheckName, Circumstance, Depth, Fill, Level, Method, Rival, Sign, Verdict
from junco.contract.randomization import NormPolicy, Order


class Interval(Frozen):
    """A mean with its 95 % two-way interval over images and seeds."""

    mean: float | None
    lower: float | None = None
    upper: float | None = None


class Sample(Frozen):
    """How much data: images, and the seeds or draws that each was crossed with, where there are several."""

    images: int
    draws: int | None = None

    def __str__(self) -> str:
        return f"{self.images} images" + (f" and {self.draws} draws" if self.draws else "")


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


class PolicyStatistics(Frozen):
    """One method on fully drawn networks under another norm policy, and under the plan's own on the same draws."""

    policy: NormPolicy
    images: int
    seeds: int
    rho: Interval
    kappa: Interval
    own: Interval = Field(description="kappa under the plan's own policy, on the same images and seeds.")
    degenerate: float = Field(description="Share of constant or non-finite maps.")


class PublishedStatistics(Frozen):
    """A statistic as a paper computes it, at one stage; it never decides."""

    name: str
    order: Order
    stage: int
    layer: str
    images: int
    seeds: int
    value: float | None = Field(description="Over images and seeds: the mean, or the median where the paper takes it.")
    deviation: float | None = Field(default=None, description="Standard deviation over images and seeds.")
    lower: float | None = None
    upper: float | None = None
    level: float = Field(default=0.95, description="Of the interval from lower to upper.")


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
    policies: tuple[PolicyStatistics, ...] = Field(default=(), description="Other norm policies; they never decide.")
    published: tuple[PublishedStatistics, ...] = ()


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


class ManipulationStatistics(Frozen):
    """input_manipulation of one method. Correlations are of maps without sign, medians over images."""

    check: Literal[CheckName.INPUT_MANIPULATION] = CheckName.INPUT_MANIPULATION
    images: int = Field(description="Images with a map, and with room for the attack to succeed.")
    undefined: int = Field(description="Images without.")
    steps: int = Field(description="Steps of the attack.")
    success: Interval = Field(description="Share of images on which the attack succeeds, Wilson's 95 % interval.")
    p_fail: float | None = Field(default=None, description="p of a share of manipulation_fail; small accuses.")
    p_fail_holm: float | None = Field(default=None, description="The same, over all methods, corrected by Holm.")
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


class EvidenceStatistics(Frozen):
    """One sign that a network lies in one method's map: how much it says, and the figure behind it."""

    sign: Sign
    level: Level | None = Field(description="None where nothing can be said.")
    value: Interval


class PanelStatistics(Frozen):
    """A usual method's map beside the witness's: rank correlation for the same image, and for different ones."""

    method: Method
    agreement: float | None
    floor: float | None


class TamperingStatistics(Frozen):
    """model_manipulation of one method; the witness is occlusion of centred logits."""

    check: Literal[CheckName.MODEL_MANIPULATION] = CheckName.MODEL_MANIPULATION
    images: int
    undefined: float = Field(description="Share of constant or non-finite maps.")
    offset: float | None = Field(description="Median correlation with the map of centred logits.")
    frame: float | None = Field(description="Share of the map's mass within a seventh of the side from the border.")
    frame_area: float = Field(description="The frame's share of the image.")
    frame_witness: float | None = Field(description="Share of the witness's mass there.")
    others: float | None = Field(description="Correlation of the maps of different images.")
    others_witness: float | None = Field(description="The same of the witness's.")
    gain: float | None = Field(description="Area under insertion less that under deletion, beyond random orders.")
    gain_witness: float | None = Field(description="The same in the witness's order.")
    agreement: float | None = Field(description="Correlation with the witness.")
    agreement_floor: float | None = Field(description="The same with other images' witnesses.")
    contrast: float | None = Field(description="On two photos side by side, mass on the one asked for less the other.")
    contrast_mass: float | None = Field(description="The same of its magnitudes.")
    contrast_witness: float | None = Field(description="The same of the witness.")
    pairs: int = Field(description="Pairs of photos that the witness tells apart.")
    references: int = Field(description="Models that this one was compared with.")
    reference: float | None = Field(description="Correlation with their maps.")
    reference_witness: float | None = Field(description="The same of the witness.")
    evidence: tuple[EvidenceStatistics, ...]
    panel: tuple[PanelStatistics, ...]


class LabelStatistics(Frozen):
    """data_randomization of one method; similarities are means over held-out images and draws."""

    check: Literal[CheckName.DATA_RANDOMIZATION] = CheckName.DATA_RANDOMIZATION
    images: int = Field(description="Held-out images that were explained.")
    seeds: int = Field(description="Draws, each of three trainings.")
    ceiling: float | None = Field(description="Self-similarity of the method on one network.")
    rho: Interval = Field(description="Similarity of the map learned from true labels to that from permuted ones.")
    floor: float | None = Field(description="The same between different images.")
    twin: Interval = Field(description="Similarity of the maps of two networks that both learned the true labels.")
    twin_floor: float | None = Field(description="The same between different images.")
    kappa: Interval = Field(description="(rho - floor) / (twin - twin_floor), a ratio of means.")
    identity: float | None = Field(default=None, description="Lower one-sided bound of mean(rho - ceiling).")
    p_fail: float | None = Field(default=None, description="p of kappa <= label_fail; small accuses.")
    p_fail_holm: float | None = Field(default=None, description="The same, over all methods, corrected by Holm.")
    p_pass: float | None = Field(default=None, description="p of kappa >= label_pass; small acquits.")
    degenerate: float = Field(description="Share of constant or non-finite maps after permuted labels.")


class RepeatStatistics(Frozen):
    """A method's maps against themselves, asked for again under one circumstance; the verdict's claims on it."""

    circumstance: Circumstance
    rho: Interval
    difference: float | None = Field(description="Median over images of max|A - A'| / max|A|.")
    p_fail: float | None = Field(default=None, description="p of rho >= repeat_fail; small accuses.")
    p_fail_holm: float | None = Field(default=None, description="The same, over all methods and circumstances.")
    p_pass: float | None = Field(default=None, description="p of rho <= repeat_pass; small acquits.")
    decision: Verdict


class RepeatabilityStatistics(Frozen):
    """repeatability of one method; correlations are Spearman's, of maps with their sign."""

    check: Literal[CheckName.REPEATABILITY] = CheckName.REPEATABILITY
    images: int
    draws: int = Field(description="Further seeds.")
    undefined: float = Field(description="Share of constant or non-finite maps.")
    ceiling: Interval = Field(description="Correlation with itself under another seed.")
    order: Interval = Field(description="Correlation with itself in another order and batch size.")
    threads: Interval = Field(description="Correlation with itself on another number of threads.")
    circumstances: tuple[RepeatStatistics, ...]


class FillStatistics(Frozen):
    """Deletion and insertion with one fill. A gain is the area under the insertion curve less that of deletion."""

    fill: Fill
    room: float | None = Field(description="Probability of the class that goes with all of its pixels, on the mean.")
    decides: bool = Field(description="Whether the fill takes enough of the class for its orders to be compared.")
    deletion: float | None = Field(description="Area under the probability of the class as pixels are deleted.")
    insertion: float | None = Field(description="The same as pixels come back.")
    gain: Interval
    over_random: Interval = Field(description="Gain less that of random order.")
    over_edges: Interval = Field(description="Gain less that of the order of the image's edges.")
    p_random: float | None = Field(default=None, description="p of gaining no more than random order.")
    p_edges: float | None = Field(default=None, description="p of gaining no more than the order of edges.")
    p_worse: float | None = Field(default=None, description="p of gaining no less than random order.")


class FaithfulnessStatistics(Frozen):
    """faithfulness of one method. Infidelity and sensitivity describe and never decide."""

    check: Literal[CheckName.FAITHFULNESS] = CheckName.FAITHFULNESS
    images: int
    steps: int
    undefined: float = Field(description="Share of constant or non-finite maps.")
    over_random: Interval = Field(description="Gain over random order, under the fill where it is least.")
    over_edges: Interval = Field(description="Gain over the order of edges, under the fill where it is least.")
    p_pass_holm: float | None = Field(default=None, description="p of not beating both, over all methods by Holm.")
    p_fail_holm: float | None = Field(default=None, description="p of not being worse than random order, likewise.")
    infidelity: float | None = Field(description="Median share of the score's moves that the scaled map misses.")
    infidelity_random: float | None = Field(description="The same of random maps.")
    max_sensitivity: float | None = Field(description="Median of the largest relative change of the map nearby.")
    max_sensitivity_random: float | None = Field(description="The same of random maps, drawn anew each time.")
    fills: tuple[FillStatistics, ...]


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
