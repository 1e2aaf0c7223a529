"""Whether a job may be believed: its preflight, its number of images, and the controls whose verdicts are known."""

from collections.abc import Mapping, Sequence
from dataclasses import Field, replace
from typing import Any, ClassVar, Protocol, TypeVar

from junco.audit.verdict.word import would_decide
from junco.contract.catalogue import Control, Method, Verdict
from junco.contract.outcome import Caveat, Preflight
from junco.contract.plan import Plan
from junco.contract.profile import Profile


class Word(Protocol):
    """What all checks' judgements are: dataclasses with a verdict, and why."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def verdict(self) -> Verdict:
        """The word."""

    @property
    def reason(self) -> str:
        """Why, as the end of a sentence."""


J = TypeVar("J", bound=Word)

Expected = Mapping[Control, Sequence[Verdict]]
"""Words that a control may have for a job to be believed."""

_DECIDED = (Verdict.PASS, Verdict.FAIL)
_EXPECTED: Expected = {
    Control.EDGE_DETECTOR: (Verdict.FAIL,),
    Control.GAUSSIAN_NOISE: (Verdict.INVALID,),
    Control.CONSTANT: (Verdict.INVALID,),
}


def trusted(judged: Mapping[str, J], held: Sequence[Preflight], plan: Plan) -> tuple[dict[str, J], tuple[Caveat, ...]]:
    """``judged`` by label, withdrawn where the job's own ground does not bear it, and the caveats of that."""
    return _by_controls(_grounded(judged, held, plan), plan)


def vouched(judged: Mapping[str, J], held: Sequence[Preflight], plan: Plan) -> tuple[dict[str, J], tuple[Caveat, ...]]:
    """``trusted``, where a sound method may stay undecided: a gradient that does impeaches nothing. One that fails
    does, and the edge detector still shows that the job can tell what stays."""
    apart = {label: j for label, j in judged.items() if label == Method.GRADIENT and j.verdict is Verdict.INCONCLUSIVE}
    rest, doubts = trusted({label: j for label, j in judged.items() if label not in apart}, held, plan)
    return rest | trusted(apart, held, plan)[0], doubts


def withdrawn(judged: J, *held: Preflight) -> J:
    """``judged``, invalid for the first of what must have ``held`` and does not."""
    broken = next((p for p in held if not p.holds), None)
    if broken is None:
        return judged
    reason = f"the preflight '{broken.name}' does not hold: {broken.detail}"
    return replace(judged, verdict=Verdict.INVALID, reason=reason)


def enough(judged: J, count: int, profile: Profile) -> J:
    """``judged``, undecided where it rests on fewer images than ``profile`` needs."""
    if count >= profile.images_minimum:
        return judged
    return _scarce(judged, f"{_without_forecast(judged)}; but {_few(count, profile)}")


def doubted(judged: J, words: Sequence[Verdict], reason: str) -> J:
    """``judged``, undecided for ``reason`` if its word is one of ``words``."""
    return replace(judged, verdict=Verdict.INCONCLUSIVE, reason=reason) if judged.verdict in words else judged


def misjudged(judged: Mapping[str, J], expected: Expected) -> str | None:
    """Why no acquittal stands: a control has a word that it cannot have; None where none has."""
    wrong = next((c for c, words in expected.items() if c in judged and judged[c].verdict not in words), None)
    if wrong is None:
        return None
    words, found = " or ".join(expected[wrong]), judged[wrong].verdict
    return f"the control {wrong} should be {words} and is {found}, so no acquittal stands"


def too_few(count: int, profile: Profile) -> tuple[Caveat, ...]:
    """The caveat of fewer images than ``profile`` needs, where that is so."""
    return (Caveat.TOO_FEW_IMAGES,) if count < profile.images_minimum else ()


def _few(count: int, profile: Profile) -> str:
    are = "images are" if count > 1 else "image is"
    return f"{count} {are} too few for a verdict; the profile {profile.name} needs {profile.images_minimum}"


def _scarce(judged: J, reason: str) -> J:
    """``judged``, undecided for want of images unless it is invalid; what would decide is no forecast from so few."""
    if judged.verdict not in (*_DECIDED, Verdict.INCONCLUSIVE):
        return judged
    forecast = {"needed": None} if "needed" in judged.__dataclass_fields__ else {}
    return replace(judged, verdict=Verdict.INCONCLUSIVE, reason=reason, **forecast)


def _without_forecast(judged: Word) -> str:
    return judged.reason.removesuffix(would_decide(getattr(judged, "needed", None)))


def _grounded(judged: Mapping[str, J], held: Sequence[Preflight], plan: Plan) -> dict[str, J]:
    if not all(p.holds for p in held):
        return {label: withdrawn(j, *held) for label, j in judged.items()}
    count = len(plan.selected)
    if count >= plan.profile.images_minimum:
        return dict(judged)
    return {label: _scarce(j, _few(count, plan.profile)) for label, j in judged.items()}


def _by_controls(judged: Mapping[str, J], plan: Plan) -> tuple[dict[str, J], tuple[Caveat, ...]]:
    """A job that misjudges a map whose verdict is known distrusts itself: no fail without a passing gradient, no pass
    without a failing edge detector and invalid noise and constant maps."""
    if len(plan.selected) < plan.profile.images_minimum or all(j.verdict is Verdict.INVALID for j in judged.values()):
        return dict(judged), ()
    reasons = ((Verdict.FAIL, _unvouched(judged)), (Verdict.PASS, misjudged(judged, _EXPECTED)))
    out = dict(judged)
    for word, reason in reasons:
        out = {label: doubted(j, (word,), reason) for label, j in out.items()} if reason else out
    return out, (Caveat.CONTROL_DISAGREES,) if any(reason for _, reason in reasons) else ()


def _unvouched(judged: Mapping[str, J]) -> str | None:
    """Why no accusation stands: the plain gradient does not pass; None where it does, or is not there."""
    gradient = judged.get(Method.GRADIENT)
    if gradient is None or gradient.verdict is Verdict.PASS:
        return None
    return f"the plain gradient, which should pass, is {gradient.verdict} on this model, so no accusation stands"
