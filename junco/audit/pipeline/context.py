"""Whether a check that gives context may be believed: preflight, images, and the words that its controls may have."""

from collections.abc import Mapping, Sequence

from junco.audit.pipeline.trust import Expected, J, doubted, enough, misjudged, withdrawn
from junco.contract.catalogue import Verdict
from junco.contract.outcome import Caveat, Preflight
from junco.contract.profile import Profile


def believed(
    judged: Mapping[str, J], held: Sequence[Preflight], profile: Profile, *, images: int, expected: Expected
) -> tuple[dict[str, J], tuple[Caveat, ...]]:
    """``judged`` by label, withdrawn where something has not ``held`` of model and images, the ``images`` are too few,
    or a control has a word that it cannot have; and the caveat of the last."""
    if not all(p.holds for p in held):
        return {label: withdrawn(j, *held) for label, j in judged.items()}, ()
    return _controlled({label: enough(j, images, profile) for label, j in judged.items()}, expected)


def _controlled(judged: dict[str, J], expected: Expected) -> tuple[dict[str, J], tuple[Caveat, ...]]:
    reason = misjudged(judged, expected)
    if reason is None:
        return judged, ()
    return {label: doubted(j, (Verdict.PASS,), reason) for label, j in judged.items()}, (Caveat.CONTROL_DISAGREES,)
