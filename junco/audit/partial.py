"""What a shard answers, and how it tells of its progress."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Key = tuple[str, ...]


@dataclass(frozen=True)
class Partial:
    """What one shard found: arrays under structured keys, and facts as JSON."""

    arrays: Mapping[Key, NDArray[np.generic]]
    facts: Mapping[str, object] = field(default_factory=dict)


Tick = Callable[[int], None]
"""Called with image passes just completed."""
