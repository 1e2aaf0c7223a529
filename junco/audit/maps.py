"""Maps made comparable: one number a pixel, then ranks and correlations."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from torch import Tensor

from junco.contract.catalogue import View


def reduce(raw: Tensor, view: View) -> Tensor:
    """Comparable map [n, H, W] of a raw map [n, C, H, W]: the sum over channels, of magnitudes if unsigned."""
    return raw.sum(dim=1) if view is View.SIGNED else raw.abs().sum(dim=1) if raw.shape[1] > 1 else raw[:, 0]


@dataclass(frozen=True)
class Comparison:
    """How a check compares maps [n, H, W]: rank vectors once, then any number of correlations.

    ``prepare`` gives unit rank vectors [n, d], all NaN for a map without ranks (constant, not finite); ``cross`` gives
    all correlations [n, m] of two prepared sets; ``descriptive`` are further measures [n] that never decide.
    """

    prepare: Callable[[Tensor], Tensor]
    cross: Callable[[Tensor, Tensor], Tensor]
    descriptive: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = field(default_factory=dict)
