"""One method on a model and on honest models of the same task: what is told by how it differs (Heo et al. 2019)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from junco.audit.verdict.evidence import Evidence
from junco.audit.verdict.interval import Table
from junco.audit.verdict.ratio import Ratio, ratio
from junco.contract.catalogue import Level
from junco.contract.thresholds import Thresholds


@dataclass(frozen=True)
class Gains:
    """Gains [images] over random orders: of the method's order, and of the witness's."""

    own: Table
    witness: Table


@dataclass(frozen=True)
class Reference:
    """The method on one honest model: its gains there; ``own`` and ``witness`` similarity [images] of the two models'
    maps, less that of different images."""

    gains: Gains
    own: Table
    witness: Table
    rho: Table


def share_of(gains: Gains, alpha: float) -> Ratio | None:
    """The method's gain over the witness's, with bounds where the witness beats chance."""
    return ratio(gains.own[:, None], gains.witness[:, None], alpha=alpha)


def compared(
    references: Sequence[Reference], between: Table | None, *, gap: Evidence, t: Thresholds, alpha: float
) -> Evidence:
    """What the method shows on honest models and not on this one; the figure is the likeness that it keeps."""
    if not references:
        return Evidence(None)
    # Over references first: images are what the interval is over.
    own, witness = np.mean([(r.own, r.witness) for r in references], axis=0)
    near = ratio(own[:, None], witness[:, None], alpha=alpha)
    kept = Evidence(None) if near is None else Evidence(None, near.mean, near.lower, near.upper)
    many = len(references) >= t.tampering_references
    blind, less = _finds_less(references, gap, t, alpha)
    far = kept.upper is not None and kept.upper < t.tampering_reference
    strong = blind or (many and less)
    # Unlike the references alone accuses nobody: an honest network that was tuned further is that, too.
    weak = less or far or (many and _beyond(references, between))
    told = kept.upper is not None or gap.upper is not None
    level = Level.STRONG if strong else Level.WEAK if weak else Level.NONE if told else None
    return replace(kept, level=level)


def _finds_less(references: Sequence[Reference], gap: Evidence, t: Thresholds, alpha: float) -> tuple[bool, bool]:
    """Whether on every reference the method finds what moves the answer, and here does not; and here less, at least."""
    honest = [share_of(r.gains, alpha) for r in references]
    least = min((s.lower if s is not None and s.lower is not None else -np.inf for s in honest), default=-np.inf)
    blind = gap.level is Level.STRONG and least > t.tampering_gap
    less = gap.upper is not None and least > 0 and gap.upper < t.tampering_kept * least
    return blind, bool(less)


def _beyond(references: Sequence[Reference], between: Table | None) -> bool:
    """Whether the median similarity to the references is below what 99 in 100 pairs of them have."""
    own = np.concatenate([r.rho for r in references])
    own, usual = own[~np.isnan(own)], np.empty(0) if between is None else between[~np.isnan(between)]
    return own.size > 0 and usual.size > 0 and bool(np.median(own) < np.percentile(usual, 1))
