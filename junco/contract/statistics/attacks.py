"""Numbers of checks in which somebody wants another map."""

from typing import Literal

from pydantic import Field

from junco.contract.base import Frozen
from junco.contract.catalogue import Aim, CheckName, Level, Method, Sign, Verdict
from junco.contract.statistics.figures import Interval


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
    value: Interval = Field(
        description="Bounds at alpha over the number of methods; of an offset the median, with bounds of the mean."
    )
    p_fail: float | None = Field(
        default=None,
        description="p of the accusation that this sign leads, with a gap where it takes one; small accuses.",
    )
    p_fail_holm: float | None = Field(
        default=None, description="The same, over all signs that may accuse and all methods, by Holm."
    )


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
