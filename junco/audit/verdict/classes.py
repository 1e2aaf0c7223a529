"""The verdict of class_sensitivity: numbers in, verdict out (docs/verdicts.md).

FAIL needs kappa above class_fail for random classes or for the least likely one, Holm-corrected over methods and both
ways of choosing; PASS needs kappa below class_pass for both. The second class never decides: it may share its evidence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from junco.audit.verdict.effect import Bounds, Effect, Numbers, decided, effect, fails, mean
from junco.audit.verdict.interval import Table, holm
from junco.contract.catalogue import Rival, Verdict
from junco.contract.profile import Thresholds

DECIDING_RIVALS = (Rival.RANDOM, Rival.LEAST)
"""Other classes whose maps decide."""


@dataclass(frozen=True)
class ClassNumbers:
    """All numbers of one method: ``ceiling`` [images], and per rival tables [images, draws]."""

    label: str
    ceiling: Table
    rivals: Mapping[Rival, Numbers]


@dataclass(frozen=True)
class ClassJudgement:
    """The word on one method, and why, as the end of a sentence."""

    label: str
    verdict: Verdict
    reason: str
    ceiling: float
    rivals: Mapping[Rival, Effect]


def judge_classes(methods: Sequence[ClassNumbers], t: Thresholds) -> tuple[ClassJudgement, ...]:
    """Judge ``methods`` together: they share one Holm correction over the deciding rivals."""
    bounds = Bounds(t.class_fail, t.class_pass)
    found = [{rival: effect(m.ceiling, n, t, bounds=bounds) for rival, n in m.rivals.items()} for m in methods]
    claims = holm([0.0 if e[r].unchanged else e[r].p_fail for e in found for r in DECIDING_RIVALS])
    width = len(DECIDING_RIVALS)
    corrected = [dict(zip(DECIDING_RIVALS, claims[i * width :], strict=False)) for i in range(len(methods))]
    return tuple(_judged(m, e, c, t) for m, e, c in zip(methods, found, corrected, strict=True))


def _judged(
    method: ClassNumbers, effects: Mapping[Rival, Effect], corrected: Mapping[Rival, float], t: Thresholds
) -> ClassJudgement:
    rivals = {rival: decided(e, corrected.get(rival, 1.0), t) for rival, e in effects.items()}
    verdict, reason = _verdict(method.ceiling, rivals, t)
    return ClassJudgement(method.label, verdict, reason, mean(method.ceiling), rivals)


def _verdict(ceiling: Table, rivals: Mapping[Rival, Effect], t: Thresholds) -> tuple[Verdict, str]:
    rankless = float(np.isnan(ceiling).mean())
    if rankless > t.undefined_share:
        return Verdict.INVALID, f"{rankless:.0%} of its maps of the predicted class are constant or not finite"
    if mean(ceiling) < t.ceiling_minimum:
        return Verdict.INVALID, f"it does not reproduce itself (self-similarity {mean(ceiling):.2f})"
    deciding = {rival: rivals[rival] for rival in DECIDING_RIVALS}
    for rival, e in deciding.items():
        if e.decision is Verdict.INVALID:
            return Verdict.INVALID, f"{e.degenerate:.0%} of its maps of {_NAMES[rival]} are constant or not finite"
    failed = [rival for rival, e in deciding.items() if fails(e, t)]
    if failed:
        return Verdict.FAIL, _why_fail(failed[0], deciding[failed[0]])
    if all(e.decision is Verdict.PASS for e in deciding.values()):
        worst = max(e.kappa.mean for e in deciding.values() if e.kappa)
        return Verdict.PASS, f"another class has another map (kappa at most {worst:.2f})"
    return Verdict.INCONCLUSIVE, _why_not(deciding, t)


_NAMES = {Rival.RANDOM: "random classes", Rival.LEAST: "the least likely class"}


def _why_fail(rival: Rival, e: Effect) -> str:
    if e.unchanged or e.kappa is None:
        return f"the map of {_NAMES[rival]} is the map of the predicted class"
    return f"the map of {_NAMES[rival]} keeps {e.kappa.mean:.0%} of that of the predicted class"


def _why_not(rivals: Mapping[Rival, Effect], t: Thresholds) -> str:
    if any(e.undefined > t.undefined_share for e in rivals.values()):
        return "its maps of different images are too alike to tell one class's map from another's"
    worst = max((e.kappa.upper(t.alpha) for e in rivals.values() if e.kappa), default=float("nan"))
    return f"the evidence decides neither way (kappa up to {worst:.2f} cannot be excluded)"
