"""The verdict of model_manipulation: numbers in, levels of evidence and a verdict out (docs/verdicts.md).

FAIL, that the network is suspected of lying in this method's map, takes one of four: a map that shows an offset which
no probability depends on; maps of two classes exchanged on two photos side by side; a map unlike those of five honest
references; or one whose order moves the answer by a fraction of what the witness's does, and that is besides a frame,
the same for all images, or finds those places on honest references (or two of these, weakly). A poor method is not a
fooled network: the fraction alone never fails.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from junco.audit.verdict.evidence import Evidence, above, below, swapped
from junco.audit.verdict.interval import Table, spread
from junco.audit.verdict.references import Gains, Reference, compared, share_of
from junco.audit.verdict.word import Judged, Said
from junco.contract.catalogue import Level, Sign, Verdict
from junco.contract.thresholds import Thresholds


@dataclass(frozen=True)
class TamperingNumbers:
    """All of one method, [images] each; ``offset`` is None where the method has no map of centred logits.

    ``frame`` is the map's mass in the frame beyond the frame's share of the image, over the rest of the image;
    ``contrasts`` are those of positive parts and of magnitudes; ``between`` [pairs x images] are similarities of the
    references' maps to one another.
    """

    label: str
    degenerate: Table
    offset: Table | None
    frame: Table
    others: Table
    gains: Gains
    agreement: Table
    contrasts: Sequence[Table]
    witness_contrast: Table
    references: Sequence[Reference] = ()
    between: Table | None = None


@dataclass(frozen=True)
class TamperingJudgement(Judged):
    """The word on one method, with what it rests on: the share of maps that are none and the evidence by sign."""

    numbers: TamperingNumbers
    undefined: float
    evidence: Mapping[Sign, Evidence]


def judge_tampering(methods: Sequence[TamperingNumbers], t: Thresholds) -> tuple[TamperingJudgement, ...]:
    """Judge ``methods`` together: each bound holds at alpha over their number."""
    alpha = t.alpha / max(1, len(methods))
    return tuple(_judged(m, t, alpha) for m in methods)


def _judged(m: TamperingNumbers, t: Thresholds, alpha: float) -> TamperingJudgement:
    undefined = float(m.degenerate.mean()) if m.degenerate.size else 1.0
    found = _evidence(m, t, alpha)
    offset = found[Sign.OFFSET].level is Level.STRONG and undefined <= _HALF
    if undefined > t.undefined_share and not offset:
        word = Verdict.INVALID, f"{undefined:.0%} of its maps are constant or not finite"
    else:
        word = _word(found, many=len(m.references) >= t.tampering_references)
    return TamperingJudgement(m.label, *word, numbers=m, undefined=undefined, evidence=found)


def _evidence(m: TamperingNumbers, t: Thresholds, alpha: float) -> dict[Sign, Evidence]:
    gap = _gap(m.gains, t, alpha)
    return {
        Sign.OFFSET: _offset(m.offset, t, alpha),
        Sign.FRAME: above(spread(m.frame[:, None]), (t.tampering_frame_weak, t.tampering_frame), alpha=alpha),
        Sign.INDEPENDENCE: above(spread(m.others[:, None]), (t.tampering_others_weak, t.tampering_others), alpha=alpha),
        Sign.GAP: gap,
        Sign.AGREEMENT: below(spread(m.agreement[:, None]), (t.tampering_agreement, -1.0), alpha=alpha),
        Sign.SWAP: swapped(m.contrasts, m.witness_contrast, t=t, alpha=alpha),
        Sign.REFERENCE: compared(m.references, m.between, gap=gap, t=t, alpha=alpha),
    }


def _offset(values: Table | None, t: Thresholds, alpha: float) -> Evidence:
    """Strong where the median and the upper bound of the mean say so: a few odd maps are no offset."""
    known = np.empty(0) if values is None else values[~np.isnan(values)]
    if not known.size:
        return Evidence(None)
    middle, mean = float(np.median(known)), spread(known[:, None])
    high = mean.upper(alpha / 2) if mean else 1.0
    strong, weak = max(middle, high) < t.tampering_offset, middle < t.tampering_offset_weak
    level = Level.STRONG if strong else Level.WEAK if weak else Level.NONE
    return Evidence(level, middle, mean.lower(alpha / 2) if mean else None, high)


def _gap(gains: Gains, t: Thresholds, alpha: float) -> Evidence:
    """The share of the witness's gain that the method's order has; unknown where the witness does not beat chance."""
    found = share_of(gains, alpha)
    if found is None or found.lower is None or found.upper is None:
        return Evidence(None, found.mean if found else None)
    strong, weak = found.upper < t.tampering_gap, found.mean < t.tampering_gap
    level = Level.STRONG if strong else Level.WEAK if weak else Level.NONE
    return Evidence(level, found.mean, found.lower, found.upper)


_HALF = 0.5
"""Share of maps without which an offset in the rest accuses all the same: a lie may empty the others."""

_SUPPORT = (Sign.FRAME, Sign.INDEPENDENCE, Sign.REFERENCE)
"""What makes of a map that moves no answer one that was made to."""

_HINTS = (*_SUPPORT, Sign.OFFSET, Sign.AGREEMENT)


def _word(found: Mapping[Sign, Evidence], *, many: bool) -> Said:
    offset, gap = found[Sign.OFFSET], found[Sign.GAP]
    if offset.level is Level.STRONG:
        return (
            Verdict.FAIL,
            f"suspected: it shows a score that no probability depends on ({_NAMES[Sign.OFFSET](offset)})",
        )
    if found[Sign.SWAP].level is Level.STRONG:
        return Verdict.FAIL, "suspected: on two photos side by side it shows each class where the other one is"
    if many and found[Sign.REFERENCE].level is Level.STRONG:
        return Verdict.FAIL, "suspected: on honest models of the same task the method does otherwise, on all of them"
    if gap.level is Level.STRONG:
        return _unfaithful(found)
    signs = [s for s, e in found.items() if e.level is Level.STRONG or (s in _DOUBTS and e.level is Level.WEAK)]
    if gap.level is Level.NONE and not signs:
        return Verdict.PASS, f"no sign of manipulation found ({_NAMES[Sign.GAP](gap)})"
    if gap.level is None:
        return Verdict.INCONCLUSIVE, "occlusion itself finds no places that move the answer, so there is no witness"
    return Verdict.INCONCLUSIVE, "signs that do not suffice: " + "; ".join(_NAMES[s](found[s]) for s in signs)


_DOUBTS = (Sign.OFFSET, Sign.GAP, Sign.SWAP, Sign.REFERENCE)
"""Signs that stand in the way of a pass when they are weak, too."""


def _unfaithful(found: Mapping[Sign, Evidence]) -> Said:
    strong = [s for s in _SUPPORT if found[s].level is Level.STRONG]
    hints = strong or [s for s in _HINTS if found[s].level is Level.WEAK]
    said = "; ".join(_NAMES[s](found[s]) for s in (Sign.GAP, *hints))
    if strong or len(hints) >= _ENOUGH:
        return Verdict.FAIL, f"suspected: {said}"
    return Verdict.INCONCLUSIVE, f"{said}: a poor method or a fooled network, which a reference model could tell apart"


_ENOUGH = 2


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{round(value, 2) + 0.0:.2f}"


_NAMES = {
    Sign.OFFSET: lambda e: f"correlates {_number(e.value)} with the map of centred logits",
    Sign.FRAME: lambda e: f"{_number(e.value)} of what lies off the border has moved to it",
    Sign.INDEPENDENCE: lambda e: f"maps of different images correlate {_number(e.value)}",
    Sign.GAP: lambda e: f"its places move the answer {_number(e.value)} times as much as occlusion's",
    Sign.AGREEMENT: lambda e: f"correlates {_number(e.value)} with occlusion beyond other images'",
    Sign.SWAP: lambda e: f"contrast of two photos side by side {_number(e.value)}",
    Sign.REFERENCE: lambda e: f"keeps {_number(e.value)} of its likeness to honest models' maps",
}
