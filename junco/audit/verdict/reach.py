"""How much more data would decide, were the true value what was found: what an honest "inconclusive" owes.

With c times the images and c times the seeds the variance of a two-way mean falls at least by c, and its degrees of
freedom grow by about c. The claim that it lies beyond a bound at distance d is then shown at level alpha with power
1 - b about where (t(1 - alpha; c df) + t(1 - b; c df)) sqrt(v / c) <= d: the forecast is the least such c, at a power
of four in five. No promise: the value found is itself off by about sqrt(v).
"""

import math
from collections.abc import Iterable

from scipy import special

from junco.audit.verdict.interval import TwoWay
from junco.contract.statistics import Sample

POWER = 0.8
"""Chance to decide at the forecast."""

MOST = 100.0
"""Factors beyond this are no advice."""


def growth(found: TwoWay | None, gap: float, alpha: float) -> float | None:
    """Least factor, 1 or more, for images and seeds at which a claim at ``alpha`` is shown about a mean ``gap`` beyond
    its bound.

    None where there is no interval, where the mean is on the wrong side of the bound (``gap`` <= 0), and beyond MOST.
    """
    if found is None or gap <= 0 or not _shown(found, gap, alpha, MOST):
        return None
    low, high = 1.0, MOST
    while high > 1.001 * low:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if _shown(found, gap, alpha, middle) else (middle, high)
    return low if _shown(found, gap, alpha, low) else high


def above(found: TwoWay | None, bound: float, alpha: float) -> float | None:
    """``growth`` for the claim that the mean lies above ``bound``."""
    return growth(found, found.mean - bound, alpha) if found else None


def below(found: TwoWay | None, bound: float, alpha: float) -> float | None:
    """``growth`` for the claim that the mean lies below ``bound``."""
    return growth(found, bound - found.mean, alpha) if found else None


def all_of(factors: Iterable[float | None]) -> float | None:
    """The factor at which every claim is decided; None where one never is, or there is none."""
    found = list(factors)
    known = [factor for factor in found if factor is not None]
    return max(known) if known and len(known) == len(found) else None


def any_of(factors: Iterable[float | None]) -> float | None:
    """The factor at which the first claim is decided; None where none ever is."""
    return min((factor for factor in factors if factor is not None), default=None)


def sample(factor: float | None, images: int, draws: int = 1) -> Sample | None:
    """So many times these images and draws; a single draw stays one."""
    if factor is None:
        return None
    return Sample(images=math.ceil(factor * images), draws=math.ceil(factor * draws) if draws > 1 else None)


def _shown(found: TwoWay, gap: float, alpha: float, factor: float) -> bool:
    quantiles = special.stdtrit(found.df * factor, (1 - alpha, POWER))
    return bool(quantiles.sum() * math.sqrt(found.v / factor) <= gap)
