"""Levels of evidence: which side of two bounds a mean lies on, its uncertainty included."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from junco.audit.verdict.interval import Table, TwoWay, spread
from junco.audit.verdict.shown import NEVER, Shown, over, several, under
from junco.contract.catalogue import Level
from junco.contract.thresholds import Thresholds


@dataclass(frozen=True)
class Evidence:
    """A level, None where nothing can be said; the figure behind it and its bounds, where it has some.

    ``strong`` and ``weak`` are the claims of these levels, for whoever has to correct them for their number.
    """

    level: Level | None
    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    strong: Shown = NEVER
    weak: Shown = NEVER


def level(weak: bool, strong: bool) -> Level:
    """The level of what was found: strong whatever ``weak`` says."""
    return Level.STRONG if strong else Level.WEAK if weak else Level.NONE


Bounds = tuple[float, float]
"""From where evidence is weak, and from where it is strong."""


def above(mean: TwoWay | None, bounds: Bounds, *, alpha: float) -> Evidence:
    """Evidence in a large mean: its lower bound exceeds what an honest network has."""
    if mean is None:
        return Evidence(None)
    low, high = mean.lower(alpha / 2), mean.upper(alpha / 2)
    weak, strong = (over(mean, bound) for bound in bounds)
    return Evidence(level(low > bounds[0], low > bounds[1]), mean.mean, low, high, strong, weak)


def below(mean: TwoWay | None, bounds: Bounds, *, alpha: float) -> Evidence:
    """Evidence in a small mean."""
    if mean is None:
        return Evidence(None)
    low, high = mean.lower(alpha / 2), mean.upper(alpha / 2)
    weak, strong = (under(mean, bound) for bound in bounds)
    return Evidence(level(high < bounds[0], high < bounds[1]), mean.mean, low, high, strong, weak)


def told_apart(witness: Table, t: Thresholds) -> NDArray[np.bool_]:
    """Which pairs of photos count, [pairs]: those whose two classes the witness tells apart."""
    return np.asarray(witness > t.tampering_contrast)


def swapped(contrasts: Sequence[Table], witness: Table, *, t: Thresholds, alpha: float) -> Evidence:
    """The contrast that is most against the witness, on those pairs that the witness tells apart.

    The claims are that one of the contrasts, whichever, is below zero by more than a share of the witness's: maps of
    two classes that are one another's negatives have magnitudes whose contrast is all but zero, and never zero itself.
    """
    told = told_apart(witness, t)
    known = [(contrast[there], witness[there]) for contrast in contrasts if (there := told & ~np.isnan(contrast)).any()]
    found = [_against(contrast, theirs, t) for contrast, theirs in known if contrast.size >= t.tampering_pairs]
    seen = [one for one in found if one is not None]
    if len(seen) < len(contrasts):
        return Evidence(None)
    each = alpha / len(seen)
    mean, worst = min(seen, key=lambda one: (one[1].p >= each / 2, one[0].upper(each)))
    said, claim = level(False, worst.p < each / 2), several(one for _, one in seen)
    return Evidence(said, mean.mean, mean.lower(each / 2), mean.upper(each / 2), strong=claim, weak=claim)


def _against(contrast: Table, witness: Table, t: Thresholds) -> tuple[TwoWay, Shown] | None:
    """A contrast over pairs, and the claim that it is against the witness's."""
    mean, excess = spread(contrast[:, None]), spread((contrast + t.tampering_swap * witness)[:, None])
    return (mean, under(excess, 0.0)) if mean and excess else None
