"""One method on a model and on honest models of the same task: what is told by how it differs (Heo et al. 2019)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from junco.audit.verdict.evidence import Evidence, level
from junco.audit.verdict.interval import Table, TwoWay, spread
from junco.audit.verdict.ratio import Ratio, excess, ratio
from junco.audit.verdict.shown import NEVER, Shown, every, over, several, under
from junco.contract.thresholds import Thresholds

_REACH = 1e6
"""Of bounds: a witness that hardly beats chance makes shares of thousands, and these are told as they are."""


@dataclass(frozen=True)
class Gains:
    """Gains [images] over random orders: of the method's order, and of the witness's."""

    own: Table
    witness: Table


@dataclass(frozen=True)
class Reference:
    """The method on one honest model: its gains there; ``own`` and ``witness`` similarity [images] of the two models'
    maps, less that of different images; ``frame`` its mass in the frame, beyond the frame's share. ``kin`` has the
    layers of the model that is judged."""

    gains: Gains
    own: Table
    witness: Table
    rho: Table
    frame: Table | None = None
    kin: bool = False


def share_of(gains: Gains, alpha: float) -> Ratio | None:
    """The method's gain over the witness's, with bounds where the witness beats chance."""
    return ratio(gains.own[:, None], gains.witness[:, None], alpha=alpha, reach=_REACH)


def misses(gains: Gains, share: float) -> Shown:
    """The claim that the witness beats chance, and that the method's gain is less than ``share`` of its."""
    return every(beats(gains), under(_excess(gains, share), 0.0))


def finds(gains: Gains, share: float) -> Shown:
    """The claim that the witness beats chance, and that the method's gain is more than ``share`` of its."""
    return every(beats(gains), over(_excess(gains, share), 0.0))


def _excess(gains: Gains, share: float) -> TwoWay | None:
    return excess(gains.own[:, None], gains.witness[:, None], share=share)


def beats(gains: Gains) -> Shown:
    """The claim that the witness beats chance."""
    return over(spread(gains.witness[:, None]), 0.0)


def compared(
    references: Sequence[Reference], between: Table | None, *, gains: Gains, t: Thresholds, alpha: float
) -> Evidence:
    """What the method shows on honest models and not on this one; the figure is the likeness that it keeps.

    Strong is that on every reference the method finds what moves the answer, and here does not, or, beside many, that
    it finds less here than on each of them. Weak is less beside any, or a likeness that the witness keeps and it lost.
    """
    if not references:
        return Evidence(None)
    likeness = _likeness(references)
    many = len(references) >= t.tampering_references
    blind = every(misses(gains, t.tampering_gap), *(finds(r.gains, t.tampering_gap) for r in references))
    less = every(*(_less(r, gains, t.tampering_kept) for r in references))
    far = misses(likeness, t.tampering_reference)
    kept = _kept(share_of(likeness, alpha), several([blind, less] if many else [blind]), several([less, far]))
    strong = blind.p < alpha / 2 or (many and less.p < alpha / 2)
    # Unlike the references alone accuses nobody: an honest network that was tuned further is that, too.
    weak = min(less.p, far.p) < alpha / 2 or (many and _beyond(references, between))
    told = strong or weak or min(beats(likeness).p, beats(gains).p) < alpha / 2
    return replace(kept, level=level(weak, strong) if told else None)


def moved(references: Sequence[Reference], *, own: Table, witness: Table, t: Thresholds, alpha: float) -> Evidence:
    """Mass that lies in the frame, and neither on any honest model nor by the witness; the figure is the least excess.

    Frames are of a model's padding, too: strong takes a reference of the same layers, or many. Of the witness, whose
    maps scatter, it is enough that it does not share the frame.
    """
    honest = [spread((own - r.frame)[:, None]) for r in references if r.frame is not None]
    beside, there = spread((own - witness)[:, None]), spread(own[:, None])
    found = [mean for mean in (beside, *honest) if mean is not None]
    if not references or len(found) <= len(references):
        return Evidence(None)
    weak = every(*(over(mean, t.tampering_frame_weak) for mean in (there, *found)))
    sure = any(r.kin for r in references) or len(references) >= t.tampering_references
    strong = every(weak, *(over(mean, t.tampering_frame) for mean in (there, *honest))) if sure else NEVER
    least = min(found, key=lambda mean: mean.mean)
    said = level(weak.p < alpha / 2, strong.p < alpha / 2)
    return Evidence(said, least.mean, least.lower(alpha / 2), least.upper(alpha / 2), strong, weak)


def _likeness(references: Sequence[Reference]) -> Gains:
    """Of maps to those of the references: over references first, since images are what the interval is over."""
    own, witness = np.mean([(r.own, r.witness) for r in references], axis=0)
    return Gains(own, witness)


def _kept(near: Ratio | None, strong: Shown, weak: Shown) -> Evidence:
    found = Evidence(None, strong=strong, weak=weak)
    return replace(found, value=near.mean, lower=near.lower, upper=near.upper) if near else found


def _less(reference: Reference, gains: Gains, kept: float) -> Shown:
    """The claim that the witness's gain is found there, and here to less than ``kept`` of the share there.

    The difference of two ratios over the same images, by the delta method: its mean is that of each image's part in it.
    """
    here, there = _parts(gains), _parts(reference.gains)
    if here is None or there is None:
        return NEVER
    lost = under(spread((here - kept * there)[:, None]), 0.0)
    return every(beats(gains), finds(reference.gains, 0.0), lost)


def _parts(gains: Gains) -> Table | None:
    """Each image's part in the share of the witness's gain, [images]: their mean is the share, their spread its own."""
    own, witness = spread(gains.own[:, None]), spread(gains.witness[:, None])
    if own is None or witness is None or witness.mean <= 0:
        return None
    share = own.mean / witness.mean
    return share + (gains.own - share * gains.witness) / witness.mean


def _beyond(references: Sequence[Reference], between: Table | None) -> bool:
    """Whether the median similarity to the references is below what 99 in 100 pairs of them have."""
    own = np.concatenate([r.rho for r in references])
    own, usual = own[~np.isnan(own)], np.empty(0) if between is None else between[~np.isnan(between)]
    return own.size > 0 and usual.size > 0 and bool(np.median(own) < np.percentile(usual, 1))
