"""Signs that a network lies in one method's map, and the claims by which they accuse (docs/verdicts.md).

Some accuse alone; others beside a gap only, since a poor method is not a fooled network. A claim that takes two signs
is as sure as the less sure one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from junco.audit.verdict.evidence import Evidence, below, level, swapped
from junco.audit.verdict.interval import Table, spread
from junco.audit.verdict.references import Gains, Reference, beats, compared, misses, moved, share_of
from junco.audit.verdict.shown import NEVER, Shown, every, over, several, under
from junco.contract.catalogue import Sign
from junco.contract.thresholds import Thresholds


@dataclass(frozen=True)
class TamperingNumbers:
    """All of one method, [images] each; ``offset`` is None where the method has no map of centred logits.

    ``frame`` is the map's mass in the frame beyond the frame's share of the image, over the rest of the image, and
    ``witness_frame`` the witness's; ``others`` and ``witness_others`` are correlations with other images' maps;
    ``contrasts`` are those of positive parts and of magnitudes; ``between`` [pairs x images] are similarities of the
    references' maps to one another.
    """

    label: str
    degenerate: Table
    offset: Table | None
    frame: Table
    witness_frame: Table
    others: Table
    witness_others: Table
    gains: Gains
    agreement: Table
    contrasts: Sequence[Table]
    witness_contrast: Table
    references: Sequence[Reference] = ()
    between: Table | None = None


ENOUGH = 2
"""Weak signs that make of a map that moves no answer one that was made to."""


def evidence(m: TamperingNumbers, t: Thresholds, *, alpha: float) -> dict[Sign, Evidence]:
    """What each sign says of one method, with bounds at ``alpha``."""
    return {
        Sign.OFFSET: _offset(m.offset, t, alpha),
        Sign.FRAME: _frame(m, t, alpha),
        Sign.INDEPENDENCE: _independence(m, t, alpha),
        Sign.GAP: _gap(m.gains, t, alpha),
        # Never strong: a method may agree with occlusion nowhere and be no worse for it.
        Sign.AGREEMENT: below(spread(m.agreement[:, None]), (t.tampering_agreement, -np.inf), alpha=alpha),
        Sign.SWAP: swapped(m.contrasts, m.witness_contrast, t=t, alpha=alpha),
        Sign.REFERENCE: compared(m.references, m.between, gains=m.gains, t=t, alpha=alpha),
        Sign.MOVED: moved(m.references, own=m.frame, witness=m.witness_frame, t=t, alpha=alpha),
    }


def claims(m: TamperingNumbers, found: Mapping[Sign, Evidence]) -> dict[Sign, Shown]:
    """Every way in which ``m`` can be accused, by its leading sign; ``Sign.GAP`` is that of a gap and weak signs.

    Which these are depends on the method and on whether there are references, not on what was measured.
    """
    # Agreement is none of them: a map in whose order nothing moves is seldom like the witness's, whoever made it.
    gap, hints = found[Sign.GAP].strong, [Sign.FRAME, Sign.INDEPENDENCE]
    ways = {
        Sign.FRAME: every(gap, found[Sign.FRAME].strong),
        Sign.INDEPENDENCE: every(gap, found[Sign.INDEPENDENCE].strong),
        Sign.SWAP: found[Sign.SWAP].strong,
    }
    for sign, there in ((Sign.OFFSET, m.offset is not None), (Sign.REFERENCE, bool(m.references))):
        if there:
            ways[sign], hints = found[sign].strong, [*hints, sign]
    if m.references:
        ways[Sign.MOVED] = found[Sign.MOVED].strong
    return ways | {Sign.GAP: every(gap, several((found[sign].weak for sign in hints), least=ENOUGH))}


def _offset(values: Table | None, t: Thresholds, alpha: float) -> Evidence:
    """Strong where the median and the upper bound of the mean say so: a few odd maps are no offset."""
    known = np.empty(0) if values is None else values[~np.isnan(values)]
    if not known.size:
        return Evidence(None)
    middle, mean = float(np.median(known)), spread(known[:, None])
    high = mean.upper(alpha / 2) if mean else 1.0
    found = level(middle < t.tampering_offset_weak, max(middle, high) < t.tampering_offset)
    strong, weak = (
        under(mean, bound) if middle < bound else NEVER for bound in (t.tampering_offset, t.tampering_offset_weak)
    )
    return Evidence(found, middle, mean.lower(alpha / 2) if mean else None, high, strong, weak)


def _frame(m: TamperingNumbers, t: Thresholds, alpha: float) -> Evidence:
    """Mass at the border, weak and strong, where much more of it is there than the witness's: a network may look there,
    as one does that norms blank patches. The figure is the less of both."""
    own, beyond = spread(m.frame[:, None]), spread((m.frame - m.witness_frame)[:, None])
    if own is None or beyond is None:
        return Evidence(None)
    least, unseen = min(own, beyond, key=lambda mean: mean.mean), over(beyond, t.tampering_frame)
    weak, strong = (every(over(own, bound), unseen) for bound in (t.tampering_frame_weak, t.tampering_frame))
    said = level(weak.p < alpha / 2, strong.p < alpha / 2)
    return Evidence(said, least.mean, least.lower(alpha / 2), least.upper(alpha / 2), strong, weak)


def _independence(m: TamperingNumbers, t: Thresholds, alpha: float) -> Evidence:
    """One map for all images, where the witness has different ones: images may be alike, as frames of a film are."""
    own, beyond = spread(m.others[:, None]), spread((m.others - m.witness_others)[:, None])
    if own is None or beyond is None:
        return Evidence(None)
    apart = over(beyond, t.tampering_others_beyond)
    weak, strong = (every(over(own, bound), apart) for bound in (t.tampering_others_weak, t.tampering_others))
    said = level(weak.p < alpha / 2, strong.p < alpha / 2)
    return Evidence(said, own.mean, own.lower(alpha / 2), own.upper(alpha / 2), strong, weak)


def _gap(gains: Gains, t: Thresholds, alpha: float) -> Evidence:
    """The share of the witness's gain that the method's order has; unknown where the witness does not beat chance."""
    found, few = share_of(gains, alpha), misses(gains, t.tampering_gap)
    if found is None or beats(gains).p >= alpha / 2:
        return Evidence(None, found.mean if found else None)
    gap = level(found.mean < t.tampering_gap, few.p < alpha / 2)
    return Evidence(gap, found.mean, found.lower, found.upper, few, few)
