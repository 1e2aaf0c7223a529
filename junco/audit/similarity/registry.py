"""Similarity measures by name: how alike two maps of one image are, for n images at once.

A measure sees float64 maps [n, H, W] (or [n, C, H, W] where it takes channels) and answers [n]. What is common
to all of them is here and not in the measures: shapes that differ are refused, and a pair with an empty, constant
or non-finite map has no similarity, which is NaN and never 0 or 1.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from junco.contract.errors import InvalidPlan

Comparison = Callable[[Tensor, Tensor], Tensor]

_PIXELS_AT_ONCE = 2**22  # bounds the working set (a few dozen MB per intermediate), whatever n is


@dataclass(frozen=True)
class Measure:
    """A named comparison of maps; ``channels`` says whether it also takes maps that still have channels."""

    name: str
    channels: bool
    compare: Comparison

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        """Similarity [n], float64, of the maps in ``a`` to those in ``b``; NaN where it is undefined.

        Raises ``ValueError`` if the shapes differ or are not those of maps.
        """
        self._check(a, b)
        if a.numel() == 0:
            return a.new_full((len(a),), torch.nan, dtype=torch.float64)
        rows = max(1, _PIXELS_AT_ONCE // a[0].numel())
        with torch.no_grad():
            pairs = zip(torch.split(a, rows), torch.split(b, rows), strict=True)
            return torch.cat([self._compare(left.double(), right.double()) for left, right in pairs])

    def _check(self, a: Tensor, b: Tensor) -> None:
        if a.shape != b.shape:
            raise ValueError(f"{self.name} compares maps of one shape; found {tuple(a.shape)} and {tuple(b.shape)}")
        if not (a.ndim == 3 or (a.ndim == 4 and self.channels)):
            expected = "[n, H, W] or [n, C, H, W]" if self.channels else "[n, H, W]"
            raise ValueError(f"{self.name} takes maps {expected}; found {tuple(a.shape)}: reduce the channels first")

    def _compare(self, a: Tensor, b: Tensor) -> Tensor:
        return torch.where(varies(a) & varies(b), self.compare(a, b), torch.nan)


MEASURES: dict[str, Measure] = {}
"""Every measure by name, filled by ``measure``."""


def measure(name: str, *, channels: bool = False) -> Callable[[Comparison], Comparison]:
    """Register a comparison under ``name``; raises ``ValueError`` if the name is taken."""

    def register(compare: Comparison) -> Comparison:
        if name in MEASURES:
            raise ValueError(f"two similarity measures are called {name!r}: rename one of them")
        MEASURES[name] = Measure(name, channels, compare)
        return compare

    return register


def named(name: str) -> Measure:
    """The measure called ``name``; raises ``InvalidPlan`` if there is none."""
    if name not in MEASURES:
        raise InvalidPlan(
            f"there is no similarity measure called {name!r}",
            expected=", ".join(sorted(MEASURES)),
            found=name,
            remedy="Choose one of the names above.",
        )
    return MEASURES[name]


def varies(values: Tensor) -> Tensor:
    """Which rows [n] of ``values`` [n, ...] are finite and take more than one value."""
    flat = values.flatten(1)
    if flat.shape[1] == 0:
        return flat.new_zeros(len(flat), dtype=torch.bool)
    low, high = flat.aminmax(dim=1)
    return (low < high) & flat.isfinite().all(dim=1)
