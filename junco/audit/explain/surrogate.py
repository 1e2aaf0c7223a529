"""Linear models of a score over coalitions of segments, by weighted least squares in float64, for many images at once.

Everywhere ``shown`` [n, k, M] says which segments each coalition shows, ``gains`` [n, k] what it scores, ``weights``
[n, k] how much it counts, ``players`` [n, M] which segments can change a score; the others' coefficients are exactly 0.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Sample:
    """Coalitions, their weights, and the segments that can change a score."""

    shown: Tensor
    weights: Tensor
    players: Tensor

    @property
    def design(self) -> Tensor:
        """The regression's matrix [n, k, M], float64."""
        return (self.shown & self.players[:, None]).double()


def ridge(sample: Sample, gains: Tensor, *, penalty: float) -> Tensor:
    """Coefficients [n, M] that minimise sum of w (gain - b0 - b'z)^2 + penalty |b|^2; b0 is free.

    The shortest of them where several do.
    """
    design, weights = sample.design, sample.weights
    share = weights / weights.sum(1, keepdim=True)
    design = design - torch.einsum("nk,nkm->nm", share, design)[:, None]
    gains = gains - (share * gains).sum(1, keepdim=True)
    gram = torch.einsum("nk,nkm,nkl->nml", weights, design, design)
    gram.diagonal(dim1=1, dim2=2).add_(penalty)
    moment = torch.einsum("nk,nkm,nk->nm", weights, design, gains)
    return _solved(gram, moment) * sample.players


def constrained(sample: Sample, gains: Tensor, *, total: Tensor) -> Tensor:
    """Coefficients [n, M] that minimise sum of w (gain - b'z)^2 among those that sum to ``total`` [n].

    The shortest of them where several do; all 0 where nothing can change a score.
    """
    design, players = sample.design, sample.players.double()
    count = players.sum(1, keepdim=True).clamp_min(1)
    even = players * total[:, None] / count
    gram = torch.einsum("nk,nkm,nkl->nml", sample.weights, design, design)
    moment = torch.einsum("nk,nkm,nk->nm", sample.weights, design, gains)
    # What is left after the even share sums to 0: least squares in that plane, which the projection spans.
    plane = torch.diag_embed(players) - players[:, :, None] * players[:, None] / count[..., None]
    rest = moment - (gram @ even[..., None])[..., 0]
    moved = _solved(plane @ gram @ plane, (plane @ rest[..., None])[..., 0])
    return (even + (plane @ moved[..., None])[..., 0]) * sample.players


def _solved(gram: Tensor, moment: Tensor) -> Tensor:
    inverse: Tensor = torch.linalg.pinv((gram + gram.mT) / 2, hermitian=True)
    return (inverse @ moment[..., None])[..., 0]
