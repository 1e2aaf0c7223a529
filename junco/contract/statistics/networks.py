"""Numbers of checks that put another network in the model's place."""

from typing import Literal

from pydantic import Field

from junco.contract.base import Frozen
from junco.contract.catalogue import Arm, CheckName, Depth, Verdict
from junco.contract.randomization import NormPolicy, Order
from junco.contract.statistics.figures import Interval


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
    likeness: float | None = Field(
        default=None, description="Mean similarity of the trained model's maps of different images."
    )
    p_survived: float | None = Field(
        default=None,
        description="p of (rho - floor) / (ceiling - likeness) >= tau_fail; a pass needs it small too.",
    )
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
