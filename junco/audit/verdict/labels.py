"""The verdict of data_randomization: numbers in, verdict out (docs/verdicts.md).

kappa = mean(rho - F) / mean(T - F'): what a map keeps of itself when labels are permuted, over what it keeps when
nothing but the seed differs. FAIL needs kappa above label_fail, Holm-corrected over methods, or a map that did not
change at all; PASS needs kappa below label_pass. Both need T - F' to be above label_room: where two networks that
learned the same share no map, nothing can be lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from junco.audit.verdict.effect import mean
from junco.audit.verdict.grounds import irreproducible, lost, too_many_lost
from junco.audit.verdict.interval import Table, TwoWay, holm, spread
from junco.audit.verdict.ratio import Ratio, excess, ratio
from junco.audit.verdict.reach import above, all_of, any_of, below, sample
from junco.audit.verdict.word import Judged, Said, forecast
from junco.contract.catalogue import Verdict
from junco.contract.statistics import Sample
from junco.contract.thresholds import Thresholds


@dataclass(frozen=True)
class LabelNumbers:
    """Tables [images, draws] of one method; NaN where a map has no ranks.

    Not ``twinned``: ``twin`` is the method's own ceiling, which no twin exceeds.
    """

    label: str
    ceiling: Table
    rho: Table
    floor: Table
    twin: Table
    twin_floor: Table
    degenerate: Table
    twinned: bool = True

    @property
    def kept(self) -> Table:
        """rho - F."""
        return self.rho - self.floor

    @property
    def room(self) -> Table:
        """T - F'."""
        return self.twin - self.twin_floor


@dataclass(frozen=True)
class LabelJudgement(Judged):
    """The word on one method, and what it rests on."""

    numbers: LabelNumbers
    rho: TwoWay | None
    twin: TwoWay | None
    room: TwoWay | None
    kappa: Ratio | None
    identity: float | None
    p_fail: float
    p_fail_holm: float
    p_pass: float


def judge_labels(methods: Sequence[LabelNumbers], t: Thresholds) -> tuple[LabelJudgement, ...]:
    """Judge ``methods`` together: they share one Holm correction."""
    corrected = holm([min(_p_fail(m, t), _p_unchanged(m, t)) for m in methods])
    return tuple(_judged(m, p, t, claims=len(methods)) for m, p in zip(methods, corrected, strict=True))


def _judged(m: LabelNumbers, p_holm: float, t: Thresholds, *, claims: int) -> LabelJudgement:
    said, needed = forecast(_verdict(m, p_holm, t), lambda: _needed(m, t, claims=claims))
    return LabelJudgement(
        m.label,
        *said,
        needed=needed,
        numbers=m,
        rho=spread(m.rho),
        twin=spread(m.twin),
        room=spread(m.room),
        kappa=ratio(m.kept, m.room, alpha=0.05),
        identity=_identity(m, t),
        p_fail=_p_fail(m, t),
        p_fail_holm=p_holm,
        p_pass=_p_pass(m, t),
    )


def _needed(m: LabelNumbers, t: Thresholds, *, claims: int) -> Sample | None:
    """Data that would show that anything can be lost, and that it is, or that it is not."""
    room = above(spread(m.room), t.label_room, t.alpha)
    failing = above(excess(m.kept, m.room, share=t.label_fail), 0.0, t.alpha / claims)
    passing = below(excess(m.kept, m.room, share=t.label_pass), 0.0, t.alpha) if m.twinned else None
    return sample(all_of([room, any_of([failing, passing])]), *m.rho.shape)


def _verdict(m: LabelNumbers, p_holm: float, t: Thresholds) -> Said:
    invalid = _invalid(m, t)
    if invalid:
        return Verdict.INVALID, invalid
    found = ratio(m.kept, m.room, alpha=0.05)
    if p_holm <= t.alpha and _p_unchanged(m, t) <= t.alpha:
        return Verdict.FAIL, "the map does not depend on the labels at all"
    if not _has_room(m, t):
        return Verdict.INCONCLUSIVE, "its maps of two networks that learned the same labels agree too little"
    if found and p_holm <= t.alpha:
        return Verdict.FAIL, f"permuted labels leave {found.mean:.0%} of what two networks with true labels share"
    if found and _p_pass(m, t) <= t.alpha and not m.twinned:
        return Verdict.INCONCLUSIVE, "the map is lost, with the labels or with the seed: no second model tells which"
    if found and _p_pass(m, t) <= t.alpha:
        return Verdict.PASS, f"the map is lost with the labels (kappa {found.mean:z.2f})"
    return Verdict.INCONCLUSIVE, _why_not(found)


def _invalid(m: LabelNumbers, t: Thresholds) -> str | None:
    return (
        too_many_lost(lost(np.isnan(m.twin)), t, which=" on networks with true labels")
        or irreproducible(m.ceiling, t)
        or too_many_lost(lost(m.degenerate), t, which=" after permuted labels")
    )


def _why_not(found: Ratio | None) -> str:
    if found is None or found.lower is None or found.upper is None:
        return "the evidence decides neither way"
    return f"the evidence decides neither way (kappa {found.lower:z.2f} to {found.upper:z.2f})"


def _has_room(m: LabelNumbers, t: Thresholds) -> bool:
    room = spread(m.room)
    return room is not None and room.lower(t.alpha) > t.label_room


def _identity(m: LabelNumbers, t: Thresholds) -> float | None:
    gap = spread(m.rho - m.ceiling)
    return gap.lower(t.alpha) if gap else None


def _p_unchanged(m: LabelNumbers, t: Thresholds) -> float:
    """p of the claim that the map did not change; 1 for a method that does not reproduce itself."""
    gap = spread(m.rho - m.ceiling)
    return gap.p_above(-t.identity_margin) if gap and mean(m.ceiling) >= t.ceiling_minimum else 1.0


def _p_fail(m: LabelNumbers, t: Thresholds) -> float:
    found = excess(m.kept, m.room, share=t.label_fail)
    return found.p_above(0.0) if found and _has_room(m, t) else 1.0


def _p_pass(m: LabelNumbers, t: Thresholds) -> float:
    found = excess(m.kept, m.room, share=t.label_pass)
    return found.p_below(0.0) if found and _has_room(m, t) else 1.0
