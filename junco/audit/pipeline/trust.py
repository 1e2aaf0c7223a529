"""Whether a job may be believed: its preflight, its number of images, and the controls whose verdicts are known."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from junco.audit.verdict import ClassJudgement, Judgement, LabelJudgement
from junco.contract.catalogue import Control, Method, Verdict
from junco.contract.outcome import Caveat, Preflight
from junco.contract.plan import Plan
from junco.contract.profile import Profile

J = TypeVar("J", Judgement, ClassJudgement, LabelJudgement)

_EXPECTED = {
    Control.EDGE_DETECTOR: Verdict.FAIL,
    Control.GAUSSIAN_NOISE: Verdict.INVALID,
    Control.CONSTANT: Verdict.INVALID,
}


def trusted(judged: Mapping[str, J], held: Sequence[Preflight], plan: Plan) -> tuple[dict[str, J], tuple[Caveat, ...]]:
    """``judged`` by label, withdrawn where the job's own ground does not bear it, and the caveats of that."""
    return _by_controls(_grounded(judged, held, plan), plan)


def too_few(count: int, profile: Profile) -> str:
    """Why there is no verdict on so few images."""
    return f"{count} images are too few for a verdict; the profile {profile.name} needs {profile.images_minimum}"


def _grounded(judged: Mapping[str, J], held: Sequence[Preflight], plan: Plan) -> dict[str, J]:
    broken = next((p for p in held if not p.holds), None)
    if broken:
        reason = f"the preflight '{broken.name}' does not hold: {broken.detail}"
        return {label: replace(j, verdict=Verdict.INVALID, reason=reason) for label, j in judged.items()}
    count, least = len(plan.selected), plan.profile.images_minimum
    if count >= least:
        return dict(judged)
    reason = too_few(count, plan.profile)
    return {label: _doubted(j, (Verdict.PASS, Verdict.FAIL), reason) for label, j in judged.items()}


def _by_controls(judged: Mapping[str, J], plan: Plan) -> tuple[dict[str, J], tuple[Caveat, ...]]:
    """A job that misjudges a map whose verdict is known distrusts itself: no fail without a passing gradient, no pass
    without a failing edge detector and invalid noise and constant maps."""
    if len(plan.selected) < plan.profile.images_minimum or all(j.verdict is Verdict.INVALID for j in judged.values()):
        return dict(judged), ()
    out, doubts = dict(judged), False
    gradient = judged.get(Method.GRADIENT)
    if gradient and gradient.verdict is not Verdict.PASS:
        reason = f"the plain gradient, which should pass, is {gradient.verdict} on this model, so no accusation stands"
        out, doubts = {label: _doubted(j, (Verdict.FAIL,), reason) for label, j in out.items()}, True
    for control, expected in _EXPECTED.items():
        seen = judged.get(control)
        if seen and seen.verdict is not expected:
            reason = f"the control {control} should be {expected} and is {seen.verdict}, so no acquittal stands"
            out, doubts = {label: _doubted(j, (Verdict.PASS,), reason) for label, j in out.items()}, True
    return out, (Caveat.CONTROL_DISAGREES,) if doubts else ()


def _doubted(judgement: J, words: tuple[Verdict, ...], reason: str) -> J:
    if judgement.verdict not in words:
        return judgement
    return replace(judgement, verdict=Verdict.INCONCLUSIVE, reason=reason)
