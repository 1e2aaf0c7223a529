"""The sentences of model_manipulation: what accuses a method, and what is in the way of a pass."""

from collections.abc import Collection, Mapping

from junco.audit.verdict.evidence import Evidence
from junco.audit.verdict.signs import ENOUGH
from junco.contract.catalogue import Level, Sign

_SUPPORT = (Sign.FRAME, Sign.INDEPENDENCE, Sign.REFERENCE)
"""What makes of a map that moves no answer one that was made to."""

_HINTS = (*_SUPPORT, Sign.OFFSET)

_ALONE = (Sign.OFFSET, Sign.SWAP, Sign.MOVED)
"""What accuses whatever else is found."""

_DOUBTS = (Sign.OFFSET, Sign.GAP, Sign.SWAP, Sign.REFERENCE, Sign.MOVED)
"""Signs that stand in the way of a pass when they are weak, too."""

_SHORT = "signs that do not suffice"

_CORRECTED = "signs that do not suffice after correction for the number of claims"

_FAR = 10.0
"""Beyond this a multiple is told as that much or more: its digits say nothing."""


def doubts(found: Mapping[Sign, Evidence]) -> list[Sign]:
    """Signs in the way of a pass."""
    return [s for s, e in found.items() if e.level is Level.STRONG or (s in _DOUBTS and e.level is Level.WEAK)]


def accused_of(found: Mapping[Sign, Evidence], accused: Collection[Sign], *, many: bool) -> str:
    """Why, by the gravest of the signs that lead an accusation; ``many`` references say it by themselves."""
    if Sign.OFFSET in accused:
        return f"it shows a score that no probability depends on ({said_of(Sign.OFFSET, found[Sign.OFFSET])})"
    if Sign.SWAP in accused:
        return "on two photos side by side it shows each class where the other one is"
    if many and Sign.REFERENCE in accused:
        return "on honest models of the same task the method does otherwise, on all of them"
    if Sign.MOVED in accused:
        return said_of(Sign.MOVED, found[Sign.MOVED])
    return _listed(found, (Sign.GAP, *_beside(found)))


def undecided(found: Mapping[Sign, Evidence]) -> str:
    """Why there is neither an accusation nor a pass."""
    gap, alone = found[Sign.GAP], [s for s in _ALONE if found[s].level is Level.STRONG]
    if gap.level is Level.STRONG:
        beside = [*alone, *_beside(found)]
        said, strong = _listed(found, (Sign.GAP, *beside)), any(found[s].level is Level.STRONG for s in beside)
        if strong or len(beside) >= ENOUGH:
            return f"{_CORRECTED}: {said}"
        return f"{said}: a poor method or a fooled network, which a reference model could tell apart"
    if gap.level is None:
        said = "occlusion itself finds no places that move the answer, so there is no witness"
        return "; ".join([said, *(said_of(s, found[s]) for s in doubts(found))])
    return f"{_CORRECTED if alone else _SHORT}: {_listed(found, doubts(found))}"


def _beside(found: Mapping[Sign, Evidence]) -> list[Sign]:
    """What else there is beside a gap: what is strong, or else what is weak."""
    strong = [s for s in _SUPPORT if found[s].level is Level.STRONG]
    return strong or [s for s in _HINTS if found[s].level is Level.WEAK]


def _listed(found: Mapping[Sign, Evidence], signs: Collection[Sign]) -> str:
    return "; ".join(said_of(sign, found[sign]) for sign in signs)


def said_of(sign: Sign, e: Evidence) -> str:
    """The figure of one sign in words."""
    return _NAMES[sign].format(_times(e.value) if sign in _MULTIPLES else _number(e.value))


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{round(value, 2) + 0.0:.2f}"


def _times(value: float | None) -> str:
    if value is None or abs(value) <= _FAR:
        return _number(value)
    return f"more than {_FAR:.0f}" if value > 0 else f"less than -{_FAR:.0f}"


_MULTIPLES = (Sign.GAP, Sign.REFERENCE)

_NAMES = {
    Sign.OFFSET: "correlates {} with the map of centred logits",
    Sign.FRAME: "{} of what lies off the border has moved to it",
    Sign.INDEPENDENCE: "maps of different images correlate {}",
    Sign.GAP: "its places move the answer {} times as much as occlusion's",
    Sign.AGREEMENT: "correlates {} with occlusion beyond other images'",
    Sign.SWAP: "contrast of two photos side by side {}",
    Sign.MOVED: "has {} more of its mass at the border than honest models' maps and occlusion's",
    Sign.REFERENCE: "is {} times as like honest models' maps as occlusion is",
}
