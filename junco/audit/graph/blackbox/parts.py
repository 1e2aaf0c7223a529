"""A weight of a file, and what it does there."""

from dataclasses import dataclass
from enum import Enum

from torch import Tensor


class Role(Enum):
    """What a tensor does in its layer, which decides how it is drawn anew."""

    WEIGHT = "weight"
    SCALE = "scale"
    OFFSET = "offset"
    RAW = "raw"


@dataclass(frozen=True)
class Part:
    """A tensor's role, and how many inputs each of its outputs sums, where it is a weight."""

    role: Role
    fan_in: int = 1


@dataclass(frozen=True)
class Weight:
    """A tensor under the name that it bears in the tree."""

    name: str
    tensor: Tensor
    part: Part
