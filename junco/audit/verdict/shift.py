"""The verdict of input_shift: deterministic, so a rule on two numbers and no p value (docs/verdicts.md)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from junco.audit.verdict.interval import Table
from junco.contract.catalogue import Verdict
from junco.contract.thresholds import Thresholds


@dataclass(frozen=True)
class ShiftJudgement:
    """The word on one method, why, and the two numbers that it rests on; None where no map had a value."""

    verdict: Verdict
    reason: str
    difference: float | None
    rho: float | None


def decisive(judged: Sequence[ShiftJudgement]) -> int:
    """Which of several shifts gives the method its word: any fail does, then any doubt; all must pass."""
    return min(range(len(judged)), key=lambda i: _WEIGHT.index(judged[i].verdict))


_WEIGHT = (Verdict.FAIL, Verdict.INVALID, Verdict.INCONCLUSIVE, Verdict.PASS)


def judge_shift(difference: Table, rho: Table, *, holds: bool, thresholds: Thresholds) -> ShiftJudgement:
    """Judge one method; ``holds`` tells whether the two networks agree; ``difference`` and ``rho`` are [n]."""
    if not holds:
        return ShiftJudgement(Verdict.INVALID, "the shifted network does not compute the same outputs", None, None)
    if np.isnan(difference).mean() > thresholds.undefined_share:
        return ShiftJudgement(Verdict.INVALID, "its maps are zero or not finite", None, None)
    d = float(np.nanmedian(difference))
    # A constant map has no ranks: it is judged on its values alone.
    r = float(np.nanmin(rho)) if not np.isnan(rho).all() else None
    if d >= thresholds.shift_fail:
        return ShiftJudgement(
            Verdict.FAIL, f"the map moves by {d:.0%} of its peak when only the pixels' zero moves", d, r
        )
    if d <= thresholds.shift_pass and (r is None or r >= thresholds.shift_pass_rho):
        return ShiftJudgement(Verdict.PASS, f"the map stays put, to {max(d, 1e-12):.0e} of its peak", d, r)
    return ShiftJudgement(Verdict.INCONCLUSIVE, f"the map moves by {d:.1e} of its peak, in the reach of rounding", d, r)
