"""A ratio of two means over the same images and draws, with Fieller's bounds (1954).

Where the denominator is as noisy as the numerator, a mean of ratios has no use: the claim "top / bottom > tau" is the
claim "mean(top - tau bottom) > 0" as long as the bottom is positive, and that has a two-way interval.
"""

from collections.abc import Callable
from dataclasses import dataclass

from junco.audit.verdict.interval import Table, TwoWay, spread

_REACH = 10.0
"""Bounds beyond this, either way, are none where nothing else is asked for."""


@dataclass(frozen=True)
class Ratio:
    """mean(top) / mean(bottom), with bounds that are None where the bottom may be zero."""

    mean: float
    lower: float | None
    upper: float | None


def excess(top: Table, bottom: Table, *, share: float) -> TwoWay | None:
    """The interval of mean(top - share bottom); tables are [images, draws]."""
    return spread(top - share * bottom)


def ratio(top: Table, bottom: Table, *, alpha: float, reach: float = _REACH) -> Ratio | None:
    """The ratio with two-sided bounds at ``alpha``; None where nothing is defined or the bottom is not positive.

    Bounds are looked for within ``reach``, either way.
    """
    over, under = spread(top), spread(bottom)
    if over is None or under is None or under.mean <= 0:
        return None
    if under.lower(alpha / 2) <= 0:
        return Ratio(over.mean / under.mean, None, None)
    lower = _end(top, bottom, lambda found: found.lower(alpha / 2) > 0, reach)
    upper = _end(top, bottom, lambda found: found.upper(alpha / 2) > 0, reach)
    return Ratio(over.mean / under.mean, lower, upper)


def _end(top: Table, bottom: Table, holds: Callable[[TwoWay], bool], reach: float) -> float | None:
    """The largest share of the bottom that ``holds`` of what is left, by bisection."""

    def at(share: float) -> bool:
        found = excess(top, bottom, share=share)
        return found is not None and holds(found)

    low, high = -reach, reach
    if not at(low) or at(high):
        return None
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (middle, high) if at(middle) else (low, middle)
    return low
