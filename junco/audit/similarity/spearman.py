"""Spearman rank correlation: of pairs, and of every map with every map by one matrix product.

Ranking is the cost, so a map is ranked once (``prepare``) and then compared as often as needed (``cross``,
``paired``). Ties take average ranks, so that the result is right also for maps with many zeros.
"""

import torch
from torch import Tensor

from junco.audit.similarity.pearson import dot
from junco.audit.similarity.ranks import average_ranks
from junco.audit.similarity.registry import measure


def prepare(maps: Tensor, *, dtype: torch.dtype = torch.float32) -> Tensor:
    """Ranks [n, d] of each map in ``maps`` [n, ...], centred and of length 1.

    A map that is constant, empty, of one pixel or not finite becomes a row of NaN. Stored in float32, correlations are
    within 1e-6 of those in float64.
    """
    flat = maps.detach().flatten(1)
    centred = average_ranks(flat) - (flat.shape[1] + 1) / 2
    finite = flat.isfinite().all(dim=1, keepdim=True)
    return torch.where(finite, _unit(centred), torch.nan).to(dtype)


def cross(a: Tensor, b: Tensor) -> Tensor:
    """Correlation [n, m] of every prepared row of ``a`` with every one of ``b``.

    Float64 in [-1, 1]; NaN where undefined. Raises ``ValueError`` if the rows differ in length.
    """
    _same_length(a, b)
    if a.shape[1] == 0:
        return a.new_full((len(a), len(b)), torch.nan, dtype=torch.float64)
    # In float64, since float32 products may be cut to TF32 by a global flag. Ranking costs far more than this.
    return (a.double() @ b.double().T).clamp(-1, 1)


def paired(a: Tensor, b: Tensor) -> Tensor:
    """Correlation [n] of the prepared rows of ``a`` with those of ``b``, each with its own.

    Float64 in [-1, 1]; NaN where undefined. Raises ``ValueError`` if the shapes differ.
    """
    _same_length(a, b)
    if len(a) != len(b):
        raise ValueError(f"paired rows must be as many on both sides; found {len(a)} and {len(b)}: use cross instead")
    return dot(a, b)


@measure("spearman")
def spearman(a: Tensor, b: Tensor) -> Tensor:
    """Rank correlation of the maps as they are, in [-1, 1]."""
    return paired(prepare(a, dtype=torch.float64), prepare(b, dtype=torch.float64))


@measure("spearman_flip")
def spearman_flip(a: Tensor, b: Tensor) -> Tensor:
    """Magnitude of the rank correlation, in [0, 1]: blind to a flip of sign, which random logits cause at will."""
    return spearman(a, b).abs()


@measure("spearman_abs")
def spearman_abs(a: Tensor, b: Tensor) -> Tensor:
    """Rank correlation of the maps' magnitudes, in [-1, 1]; near 1 by ties alone if both are mostly zero."""
    return spearman(a.abs(), b.abs())


@measure("spearman_abs_support")
def spearman_abs_support(a: Tensor, b: Tensor) -> Tensor:
    """Rank correlation of the magnitudes over the pixels where either map is not exactly zero, in [-1, 1].

    For maps that are a product with the input, the union of their supports is where the input is not zero. The
    ties of a black background no longer count; they alone lift the magnitude correlation of unrelated maps to
    3(1-p)/(3(1-p)+p^2) at a share p of non-zero pixels.
    """
    a, b = a.abs().flatten(1), b.abs().flatten(1)
    support = (a > 0) | (b > 0)
    return dot(_unit(_centred_within(a, support)), _unit(_centred_within(b, support)))


def _centred_within(magnitudes: Tensor, support: Tensor) -> Tensor:
    """Centred ranks among the pixels of ``support``, and 0 elsewhere; the pixels elsewhere must have magnitude 0."""
    size = support.sum(dim=1, keepdim=True).double()
    outside = support.shape[1] - size
    # The pixels outside are among the row's zeros, below all else: taking them away lowers the ranks of the others
    # by their number, and the mean rank of the zeros that stay by half of it. One sort of whole rows is enough.
    ranks = average_ranks(magnitudes) - torch.where(magnitudes > 0, outside, outside / 2)
    return torch.where(support, ranks - (size + 1) / 2, 0)


def _unit(centred: Tensor) -> Tensor:
    # Centred average ranks are exact multiples of 1/2: a row without order is exactly zero, and 0/0 is the NaN we want.
    length: Tensor = torch.linalg.vector_norm(centred, dim=1, keepdim=True)
    return centred / length


def _same_length(a: Tensor, b: Tensor) -> None:
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(
            f"prepared rows [n, d] must have one length d; found {tuple(a.shape)} and {tuple(b.shape)}: "
            "prepare maps of one resolution"
        )
