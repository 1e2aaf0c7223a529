"""Whether a check that gives context may be believed: parity, its images, and the words that its controls may have."""

from collections.abc import Mapping

from junco.audit.pipeline.trust import Expected, J, doubted, enough, misjudged, withdrawn
from junco.contract.catalogue import Verdict
from junco.contract.outcome import Caveat, Preflight
from junco.contract.profile import Profile


def believed(
    judged: Mapping[str, J], parity: Preflight, profile: Profile, *, images: int, expected: Expected
) -> tuple[dict[str, J], tuple[Caveat, ...]]:
    """``judged`` by label, withdrawn where the model is not reproduced, the ``images`` are too few, or a control has a
    word that it cannot have; and the caveat of the last."""
    if not parity.holds:
        return {label: withdrawn(j, parity) for label, j in judged.items()}, ()
    return _controlled({label: enough(j, images, profile) for label, j in judged.items()}, expected)


def _controlled(judged: dict[str, J], expected: Expected) -> tuple[dict[str, J], tuple[Caveat, ...]]:
    reason = misjudged(judged, expected)
    if reason is None:
        return judged, ()
    return {label: doubted(j, (Verdict.PASS,), reason) for label, j in judged.items()}, (Caveat.CONTROL_DISAGREES,)
