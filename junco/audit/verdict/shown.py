"""What has to be shown before anybody is accused: a p value, and the data at which it would be shown.

Claims join: of "all of these" the largest p is the p (Berger 1982); of "at least u of these n" it is n - u + 1 times
the u-th smallest (Benjamini & Heller 2008), whatever they have in common.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from junco.audit.verdict import reach
from junco.audit.verdict.interval import TwoWay


@dataclass(frozen=True)
class Shown:
    """A claim: its p value, small supports it, and the least factor of data at which it is shown at a level.

    The factor is None where no data of this kind would show it: the figure lies on the other side, or is no mean.
    """

    p: float
    growth: Callable[[float], float | None]


def barely(p: float) -> Shown:
    """A claim of which no forecast can be made."""
    return Shown(p, lambda _: None)


NEVER = barely(1.0)
"""What cannot be claimed at all."""


def over(mean: TwoWay | None, bound: float) -> Shown:
    """The claim that the mean lies above ``bound``."""
    return Shown(mean.p_above(bound), lambda alpha: reach.above(mean, bound, alpha)) if mean else NEVER


def under(mean: TwoWay | None, bound: float) -> Shown:
    """The claim that the mean lies below ``bound``."""
    return Shown(mean.p_below(bound), lambda alpha: reach.below(mean, bound, alpha)) if mean else NEVER


def every(*claims: Shown) -> Shown:
    """The claim that all of them hold."""
    worst = max((claim.p for claim in claims), default=1.0)
    return Shown(worst, lambda alpha: reach.all_of(claim.growth(alpha) for claim in claims))


def several(claims: Iterable[Shown], *, least: int = 1) -> Shown:
    """The claim that ``least`` of them hold, or more."""
    each = tuple(claims)
    times = len(each) - least + 1
    if times < 1:
        return NEVER

    def growth(alpha: float) -> float | None:
        known = sorted(factor for claim in each if (factor := claim.growth(alpha / times)) is not None)
        return known[least - 1] if len(known) >= least else None

    return Shown(min(1.0, times * sorted(claim.p for claim in each)[least - 1]), growth)
