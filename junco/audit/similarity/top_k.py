"""Overlap of the most salient pixels of two maps."""

import torch
from torch import Tensor

from junco.audit.similarity.registry import measure, varies

_SHARE = 0.05  # of the pixels


@measure("top_k")
def top_k(a: Tensor, b: Tensor) -> Tensor:
    """Share in [0, 1] of the 5 % largest values that two unsigned maps have at the same pixels."""
    return overlap(a.flatten(1), b.flatten(1), share=_SHARE)


@measure("top_k_abs")
def top_k_abs(a: Tensor, b: Tensor) -> Tensor:
    """Share in [0, 1] of the 5 % largest magnitudes that two signed maps have at the same pixels."""
    return overlap(a.abs().flatten(1), b.abs().flatten(1), share=_SHARE)


def overlap(a: Tensor, b: Tensor, *, share: float) -> Tensor:
    """Expected overlap [n] in [0, 1] of the k highest scores of the rows of ``a`` and ``b`` [n, d], k = share * d.

    k is rounded and at least 1. Where scores tie at the threshold, each map fills its places by an independent fair
    draw from the tied pixels, and the answer is the exact expectation over the draws: it depends on no pixel order,
    and two maps do not agree merely because both are zero at the same places. A map therefore overlaps itself by
    less than 1 if ties leave its own top k undecided. NaN if a row is constant.
    Raises ``ValueError`` unless 0 < share <= 1.
    """
    if not 0 < share <= 1:
        raise ValueError(f"the share of top pixels lies in (0, 1]; found {share}")
    k = max(1, round(share * a.shape[1]))
    expected = (membership(a, k) * membership(b, k)).sum(dim=1) / k
    return torch.where(varies(a) & varies(b), expected, torch.nan)


def membership(scores: Tensor, k: int) -> Tensor:
    """Probability [n, d] that a pixel is among the ``k`` highest of its row when ties are broken by a fair draw."""
    threshold = scores.topk(k, dim=1).values[:, -1:]
    above, tied = scores > threshold, scores == threshold
    places = k - above.sum(dim=1, keepdim=True)
    return above + tied * (places.double() / tied.sum(dim=1, keepdim=True))
