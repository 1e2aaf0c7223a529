"""Whether a check that gives context may be believed: parity, its images, and the words that its controls may have."""

from collections.abc import Mapping, Sequence

from junco.audit.pipeline.trust import J, doubted, enough, withdrawn
from junco.contract.catalogue import Control, Verdict
from junco.contract.outcome import Caveat, Preflight
from junco.contract.profile import Profile

Expected = Mapping[Control, Sequence[Verdict]]
"""Words that a control may have for a job to be believed."""


def believed(
    judged: Mapping[str, J], parity: Preflight, profile: Profile, *, images: int, expected: Expected
) -> tuple[dict[str, J], tuple[Caveat, ...]]:
    """``judged`` by label, withdrawn where the model is not reproduced, the ``images`` are too few, or a control has a
    word that it cannot have; and the caveat of the last."""
    if not parity.holds:
        return {label: withdrawn(j, parity) for label, j in judged.items()}, ()
    return _controlled({label: enough(j, images, profile) for label, j in judged.items()}, expected)


def _controlled(judged: dict[str, J], expected: Expected) -> tuple[dict[str, J], tuple[Caveat, ...]]:
    wrong = next((c for c, words in expected.items() if c in judged and judged[c].verdict not in words), None)
    if wrong is None:
        return judged, ()
    reason = f"the control {wrong} is {judged[wrong].verdict}, so no acquittal stands"
    out = {label: doubted(j, (Verdict.PASS,), reason) for label, j in judged.items()}
    return out, (Caveat.CONTROL_DISAGREES,)
