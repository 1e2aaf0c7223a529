"""Images that a plan has more than once: every interval takes images for independent draws."""

from collections.abc import Iterator

import numpy as np

from junco.audit.pipeline.merge import Pieces, measured
from junco.audit.verdict import Table
from junco.contract.outcome import Preflight
from junco.contract.profile import Profile

_SAME = 1e-5
"""Largest difference of two images' logits, over the largest logit, that the batching of one image can make."""


def unlike(pieces: Pieces, profile: Profile) -> Iterator[Preflight]:
    """``differing`` of the images of ``pieces``; nothing where their logits were not stored."""
    logits = measured(pieces, ("logits", "original")) if pieces else None
    if logits is not None:
        yield from differing(logits, profile)


def differing(logits: Table, profile: Profile) -> Iterator[Preflight]:
    """Whether enough of the images differ, where some do not; told by the trained model's ``logits`` [n, classes]."""
    count, distinct = len(logits), _distinct(logits)
    if distinct == count:
        return
    enough = distinct >= min(count, profile.images_minimum)
    few_copies = count - distinct <= profile.thresholds.undefined_share * count
    detail = f"{count - distinct} of {count} images are copies of others, to the model, and {distinct} are left"
    yield Preflight(name="images_differ", holds=enough and few_copies, detail=detail)


def _distinct(logits: Table) -> int:
    """Rows that are unlike every row before them; those that are not finite are like none."""
    known = logits[np.isfinite(logits).all(axis=1)]
    reach = _SAME * float(np.abs(known).max(initial=0))
    new = (not (np.abs(known[:i] - row).max(axis=1, initial=0) <= reach).any() for i, row in enumerate(known))
    return len(logits) - len(known) + sum(new)
