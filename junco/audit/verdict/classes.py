"""The verdict of class_sensitivity: numbers in, verdict out (docs/verdicts.md).

FAIL needs kappa above class_fail for random classes, Holm-corrected over methods; PASS needs kappa below class_pass for
random classes and for the least likely one. That one alone accuses nobody: training makes it the predicted one's
opposite, whose map a sound method turns over. The second class never decides: it may share its evidence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from junco.audit.verdict.effect import Bounds, Effect, Numbers, decided, effect, fails, mean, to_fail, to_pass
from junco.audit.verdict.grounds import irreproducible, lost, too_many_lost
from junco.audit.verdict.interval import Table, holm
from junco.audit.verdict.reach import all_of, any_of, sample
from junco.audit.verdict.word import Judged, Said, forecast
from junco.contract.catalogue import Rival, Verdict
from junco.contract.statistics import Sample
from junco.contract.thresholds import Thresholds

ACCUSING_RIVAL = Rival.RANDOM
"""Other classes whose maps can fail a method."""
DECIDING_RIVALS = (ACCUSING_RIVAL, Rival.LEAST)
"""Other classes whose maps must differ for a pass."""


@dataclass(frozen=True)
class ClassNumbers:
    """All numbers of one method: ``ceiling`` [images], and per rival tables [images, draws]."""

    label: str
    ceiling: Table
    rivals: Mapping[Rival, Numbers]


@dataclass(frozen=True)
class ClassJudgement(Judged):
    """The word on one method, with its effect for every rival."""

    ceiling: float
    rivals: Mapping[Rival, Effect]


def judge_classes(methods: Sequence[ClassNumbers], t: Thresholds) -> tuple[ClassJudgement, ...]:
    """Judge ``methods`` together: they share one Holm correction over random classes."""
    bounds = _bounds(t)
    found = [{rival: effect(m.ceiling, n, t, bounds=bounds) for rival, n in m.rivals.items()} for m in methods]
    adjusted = iter(holm([e[ACCUSING_RIVAL].p_accused for e in found]))
    judged = []
    for method, effects in zip(methods, found, strict=True):
        corrected = {ACCUSING_RIVAL: next(adjusted)}
        rivals = {rival: decided(e, corrected.get(rival, 1.0), t) for rival, e in effects.items()}
        judged.append(_judged(method, rivals, t, claims=len(methods)))
    return tuple(judged)


def _bounds(t: Thresholds) -> Bounds:
    return Bounds(t.class_fail, t.class_pass)


def _judged(method: ClassNumbers, rivals: Mapping[Rival, Effect], t: Thresholds, *, claims: int) -> ClassJudgement:
    said, needed = forecast(_verdict(method.ceiling, rivals, t), lambda: _needed(method, rivals, t, claims=claims))
    return ClassJudgement(method.label, *said, ceiling=mean(method.ceiling), rivals=rivals, needed=needed)


def _needed(method: ClassNumbers, rivals: Mapping[Rival, Effect], t: Thresholds, *, claims: int) -> Sample | None:
    """Data that would show a pass for both rivals, or a fail for random classes."""
    bounds, deciding = _bounds(t), [rivals[rival] for rival in DECIDING_RIVALS]
    passing = all_of(to_pass(e, bounds, t) for e in deciding)
    failing = to_fail(rivals[ACCUSING_RIVAL], bounds, t, claims=claims)
    return sample(any_of([passing, failing]), *method.rivals[Rival.RANDOM].rho.shape)


def _verdict(ceiling: Table, rivals: Mapping[Rival, Effect], t: Thresholds) -> Said:
    deciding = {rival: rivals[rival] for rival in DECIDING_RIVALS}
    invalid = _invalid(ceiling, deciding, t)
    if invalid:
        return Verdict.INVALID, invalid
    if fails(deciding[ACCUSING_RIVAL], t):
        return Verdict.FAIL, _why_fail(deciding[ACCUSING_RIVAL])
    if all(e.decision is Verdict.PASS for e in deciding.values()):
        worst = max(e.kappa.mean for e in deciding.values() if e.kappa)
        return Verdict.PASS, f"another class has another map (kappa at most {worst:z.2f})"
    return Verdict.INCONCLUSIVE, _why_not(deciding, t)


def _invalid(ceiling: Table, rivals: Mapping[Rival, Effect], t: Thresholds) -> str | None:
    own = too_many_lost(lost(np.isnan(ceiling)), t, which=" of the predicted class")
    theirs = (too_many_lost(e.degenerate, t, which=f" of {_NAMES[rival]}") for rival, e in rivals.items())
    return own or irreproducible(ceiling, t) or next(filter(None, theirs), None)


_NAMES = {Rival.RANDOM: "random classes", Rival.LEAST: "the least likely class"}


def _why_fail(e: Effect) -> str:
    if e.unchanged or e.kappa is None:
        return f"the map of {_NAMES[ACCUSING_RIVAL]} is the map of the predicted class"
    return f"the map of {_NAMES[ACCUSING_RIVAL]} keeps {e.kappa.mean:.0%} of that of the predicted class"


def _why_not(rivals: Mapping[Rival, Effect], t: Thresholds) -> str:
    if any(e.undefined > t.undefined_share or e.alike for e in rivals.values()):
        return "its maps of different images are too alike to tell one class's map from another's"
    least = rivals[Rival.LEAST]
    if least.decision is Verdict.FAIL and least.kappa and rivals[ACCUSING_RIVAL].decision is Verdict.PASS:
        return f"only the map of {_NAMES[Rival.LEAST]} keeps {least.kappa.mean:.0%}, and it may be the map turned over"
    worst = max((e.kappa.upper(t.alpha) for e in rivals.values() if e.kappa), default=float("nan"))
    return f"the evidence decides neither way (kappa up to {worst:.2f} cannot be excluded)"
