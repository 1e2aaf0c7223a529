"""What the parts of a check are, for readers of a report who do not know its words."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from junco.contract.catalogue import Aim, Circumstance, Fill, Rival, Sign

MEANINGS: Mapping[StrEnum, str] = MappingProxyType(
    {
        Sign.OFFSET: "correlation with the map of centred logits; what all classes share moves no probability",
        Sign.FRAME: "mass at the image's border, beyond the border's own area",
        Sign.INDEPENDENCE: "correlation of the maps of different images",
        Sign.GAP: "how far the map's places move the answer, over how far the witness's do",
        Sign.AGREEMENT: "correlation with the witness, less that with the witness of other images",
        Sign.SWAP: "of two photos side by side, mass on the one that is asked for, less that on the other",
        Sign.REFERENCE: "likeness to the maps of honest models of the same task",
        Sign.MOVED: "mass at the image's border beyond what honest models, and the witness, have there at most",
        Rival.RANDOM: "a class drawn at random",
        Rival.LEAST: "the least likely class",
        Rival.SECOND: "the second likeliest class",
        Aim.TOP_K: "drives the largest values away",
        Aim.MASS_CENTRE: "moves the map's centre",
        Aim.REGION: "draws the map's mass into one quarter",
        Circumstance.SEED: "with another seed",
        Circumstance.ORDER: "in another order and batch size",
        Circumstance.THREADS: "on another number of threads",
        Fill.MEAN: "deleted pixels get the mean of the data",
        Fill.BLUR: "deleted pixels get the image itself, blurred",
    }
)
"""Half a sentence each; a part without one stands for itself."""
