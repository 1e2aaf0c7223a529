"""Numbers of checks that stand beside a method's word."""

from typing import Literal

from pydantic import Field

from junco.contract.base import Frozen
from junco.contract.catalogue import CheckName, Circumstance, Fill, Verdict
from junco.contract.statistics.figures import Interval


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
