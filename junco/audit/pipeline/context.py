"""What checks that give context share: which methods are one family, and when a word is withdrawn."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from junco.audit.pipeline.merge import Pieces
from junco.audit.pipeline.trust import too_few
from junco.audit.verdict import FaithJudgement, RepeatJudgement, Table
from junco.contract.catalogue import CheckName, Control, Verdict
from junco.contract.outcome import Caveat, Preflight
from junco.contract.plan import Plan, PlannedMethod

J = TypeVar("J", RepeatJudgement, FaithJudgement)
Expected = Mapping[Control, Sequence[Verdict]]
"""Words that a control may have for a job to be believed."""


def families(plan: Plan, check: CheckName) -> list[list[PlannedMethod]]:
    """Methods that were asked for, and all others: a control takes no share of the methods' error rate."""
    planned = plan.methods_of(check)
    asked = [m for m in planned if m.requested and not m.control]
    return [family for family in (asked, [m for m in planned if m not in asked]) if family]


def column(pieces: Pieces, key: tuple[str, ...]) -> Table:
    """One quantity [images, ...] of every image that it was measured of, in the plan's order."""
    return np.concatenate([np.asarray(partial.arrays[key], dtype=np.float64) for _, partial in pieces])


def grounded(judged: J, parity: Preflight, plan: Plan, *, images: int) -> J:
    """``judged``, withdrawn where the model is not reproduced or the images are too few."""
    if not parity.holds:
        reason = f"the preflight '{parity.name}' does not hold: {parity.detail}"
        return replace(judged, verdict=Verdict.INVALID, reason=reason)
    if images < plan.profile.images_minimum and judged.verdict in (Verdict.PASS, Verdict.FAIL):
        reason = f"{judged.reason}; but {too_few(images, plan.profile)}"
        return replace(judged, verdict=Verdict.INCONCLUSIVE, reason=reason)
    return judged


def controlled(judged: Mapping[str, J], expected: Expected) -> tuple[dict[str, J], tuple[Caveat, ...]]:
    """``judged`` by label with every pass withdrawn if a control has a word that it cannot have, and the caveat."""
    wrong = next((c for c, words in expected.items() if c in judged and judged[c].verdict not in words), None)
    if wrong is None:
        return dict(judged), ()
    reason = f"the control {wrong} is {judged[wrong].verdict}, so no acquittal stands"
    out = {
        label: replace(j, verdict=Verdict.INCONCLUSIVE, reason=reason) if j.verdict is Verdict.PASS else j
        for label, j in judged.items()
    }
    return out, (Caveat.CONTROL_DISAGREES,)
