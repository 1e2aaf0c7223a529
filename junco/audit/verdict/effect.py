"""One measured effect: numbers in, what they support on their own out. Every check that compares maps rests on this.

kappa_is = (rho_is - F_is) / (R_i - F_is): 1, nothing changed beyond the method's own noise; 0, the map is as unrelated
as another image's. An effect fails when kappa exceeds ``fail`` at level alpha, passes when it stays below ``pass_`` and
the map has lost enough of its own (``survival``): absence of evidence never passes.
"""

from dataclasses import dataclass, replace

import numpy as np

from junco.audit.verdict.interval import Table, TwoWay, spread
from junco.audit.verdict.reach import above, all_of, below
from junco.audit.verdict.shown import Shown
from junco.audit.verdict.survival import survival
from junco.contract.catalogue import Verdict
from junco.contract.thresholds import Thresholds

_HALF = 0.5


@dataclass(frozen=True)
class Numbers:
    """Tables [images, seeds] of one method at one depth in one arm; NaN where a map has no ranks.

    ``likeness`` [images] is how similar the trained model's maps of other images are, where it was measured.
    """

    rho: Table
    floor: Table
    degenerate: Table
    likeness: Table | None = None


@dataclass(frozen=True)
class Effect:
    """One method in one place of a check: intervals, and what they support on their own.

    ``innocent``: kappa is shown to be below what fails. ``crowded``: it would pass by kappa, and nothing shows that the
    map lost half of what it had of its own.
    """

    rho: TwoWay | None
    kappa: TwoWay | None
    floor: float
    identity: float | None
    p_fail: float
    p_pass: float
    undefined: float
    degenerate: float
    p_unchanged: float
    unchanged: bool
    innocent: bool
    likeness: float | None = None
    survival: Shown | None = None
    p_fail_holm: float = 1.0
    decision: Verdict = Verdict.INCONCLUSIVE
    crowded: bool = False

    @property
    def alike(self) -> bool:
        """Whether it is ``crowded`` because more of a map is other images', too, than is its own."""
        return self.crowded and self.likeness is not None and self.likeness > _HALF

    @property
    def p_accused(self) -> float:
        """p of the claim that Holm corrects: kappa is too large, or the map did not change at all.

        No second claim to pay for: where kappa is defined at all, whoever is innocent by it has a map that changed.
        """
        return min(self.p_fail, self.p_unchanged)


@dataclass(frozen=True)
class Bounds:
    """Values of kappa above which an effect fails and below which it passes."""

    fail: float
    pass_: float


def kappa(rho: Table, floor: Table, ceiling: Table, *, support: float) -> Table:
    """(rho - floor) / (ceiling - floor) [n, s]; NaN where ceiling and floor are closer than ``support``."""
    room = ceiling[:, None] - floor
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(room >= support, (rho - floor) / room, np.nan)


def effect(ceiling: Table, numbers: Numbers, t: Thresholds, *, bounds: Bounds) -> Effect:
    """What ``numbers`` [images, seeds] under ``ceiling`` [images] support, before any correction."""
    table = kappa(numbers.rho, numbers.floor, ceiling, support=t.kappa_support)
    undefined = float(np.isnan(table).mean())
    found = spread(table) if undefined <= t.undefined_share else None
    # A method that does not reproduce itself has no map that could have stayed.
    gap = spread(numbers.rho - ceiling[:, None]) if mean(ceiling) >= t.ceiling_minimum else None
    identity = gap.lower(t.alpha) if gap else None
    return Effect(
        rho=spread(numbers.rho),
        kappa=found,
        floor=mean(numbers.floor),
        identity=identity,
        p_fail=found.p_above(bounds.fail) if found else 1.0,
        p_pass=found.p_below(bounds.pass_) if found else 1.0,
        undefined=undefined,
        degenerate=float(numbers.degenerate.mean()),
        p_unchanged=gap.p_above(-t.identity_margin) if gap else 1.0,
        unchanged=identity is not None and identity > -t.identity_margin,
        innocent=found is not None and found.p_below(bounds.fail) <= t.alpha,
        likeness=None if numbers.likeness is None else mean(numbers.likeness),
        survival=_survival(ceiling, numbers, t, bounds=bounds),
    )


def _survival(ceiling: Table, numbers: Numbers, t: Thresholds, *, bounds: Bounds) -> Shown | None:
    if numbers.likeness is None:
        return None
    own = ceiling - numbers.likeness
    return survival(numbers.rho, numbers.floor, own=own, fail=bounds.fail, margin=t.identity_margin)


def decided(d: Effect, p_holm: float, t: Thresholds) -> Effect:
    """``d`` with its corrected p value, and the word that it has on its own."""
    lost = d.survival is None or d.survival.p <= t.alpha
    if d.degenerate > t.undefined_share:
        decision = Verdict.INVALID
    elif d.unchanged or d.p_fail <= t.alpha:
        decision = Verdict.FAIL
    elif d.p_pass <= t.alpha and lost:
        decision = Verdict.PASS
    else:
        decision = Verdict.INCONCLUSIVE
    crowded = decision is Verdict.INCONCLUSIVE and d.p_pass <= t.alpha
    return replace(d, p_fail_holm=p_holm, decision=decision, crowded=crowded)


def fails(d: Effect, t: Thresholds) -> bool:
    """Whether the effect fails after correction."""
    return d.p_fail_holm <= t.alpha


def to_pass(d: Effect, bounds: Bounds, t: Thresholds) -> float | None:
    """How many times the data would show that the effect passes; None if it does not look like it."""
    small = below(d.kappa, bounds.pass_, t.alpha)
    return small if d.survival is None else all_of([small, d.survival.growth(t.alpha)])


def to_fail(d: Effect, bounds: Bounds, t: Thresholds, *, claims: int) -> float | None:
    """How many times the data would show that it fails, as one of so many claims; None if it does not look like it."""
    return above(d.kappa, bounds.fail, t.alpha / claims)


def mean(values: Table) -> float:
    """Mean of what is defined; NaN when nothing is."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")
