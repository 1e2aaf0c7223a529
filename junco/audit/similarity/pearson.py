"""Pearson correlation of paired rows."""

import torch
from torch import Tensor

from junco.audit.similarity.registry import measure, varies


def unit(values: Tensor) -> Tensor:
    """Rows of ``values`` [n, d], centred and of length 1, so that Pearson correlation is a dot product.

    Rows that are constant, empty or not finite become NaN.
    """
    centred = values - values.mean(dim=1, keepdim=True)
    length = torch.linalg.vector_norm(centred, dim=1, keepdim=True)
    return torch.where(varies(values)[:, None], centred / length, torch.nan)


def dot(a: Tensor, b: Tensor) -> Tensor:
    """Row by row product [n] of unit rows, held within [-1, 1]."""
    if a.shape[1] == 0:
        return a.new_full((len(a),), torch.nan, dtype=torch.float64)
    return (a.double() * b.double()).sum(dim=1).clamp(-1, 1)


@measure("pearson", channels=True)
def pearson(a: Tensor, b: Tensor) -> Tensor:
    """Linear correlation of two maps, in [-1, 1]."""
    return dot(unit(a.flatten(1)), unit(b.flatten(1)))
