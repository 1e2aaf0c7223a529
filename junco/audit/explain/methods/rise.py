"""RISE: the mean score of randomly masked copies in which a pixel shows, less the mean score of all (Petsiuk 2018).

A = sum_k (z_c(x_k) - mean z_c) m_k / sum_k m_k with x_k = x0 + m_k (x - x0); m_k are coarse random masks, enlarged
bilinearly and shifted by less than a cell. [n, 1, H, W], signed: the paper divides by the expected mask and keeps the
mean, a constant that changes no rank but would leave rounding as the map of a model that never changes its mind. Masks
depend on the pass's seed and the image's place only. Cost: ``samples`` forward passes.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from junco.audit.explain.baselines import baseline
from junco.audit.explain.noise import Stream, uniform
from junco.audit.explain.passes import Pass
from junco.audit.explain.perturb import perturbed_scores
from junco.audit.explain.registry import method
from junco.contract.catalogue import Method, RiseParameters

_BLOCK = 256
"""Masks whose random numbers are drawn at once."""


@method(Method.RISE)
def rise(run: Pass, parameters: RiseParameters) -> Tensor:
    """Where showing the image raises the score."""
    fill, mask = baseline(run.batch, parameters), masks(run, parameters)
    scores = perturbed_scores(run, lambda k: fill + mask(k) * (run.x - fill), parameters.samples).double()
    gains = scores - scores.mean(1, keepdim=True)
    weighted = torch.zeros_like(run.x[:, :1], dtype=torch.float64)
    shown = torch.zeros_like(weighted)
    # Masks are drawn twice rather than kept: a thousand of them are larger than any model.
    for k in range(parameters.samples):
        now = mask(k).double()
        weighted += gains[:, k].view(-1, 1, 1, 1) * now
        shown += now
    return (weighted / shown.clamp_min(torch.finfo(torch.float64).tiny)).to(run.x.dtype)


def masks(run: Pass, parameters: RiseParameters) -> Callable[[int], Tensor]:
    """The k-th mask of every image, [n, 1, H, W] in [0, 1]."""
    side, (height, width) = parameters.side, run.x.shape[2:]
    cell = (math.ceil(height / side), math.ceil(width / side))
    large = ((side + 1) * cell[0], (side + 1) * cell[1])

    @lru_cache(maxsize=1)
    def block(draw: int) -> Tensor:
        size, index = (_BLOCK, side * side + 2), run.batch.index
        return uniform(size, seed=run.seed, stream=Stream.RISE, index=index, draw=draw, device=run.x.device)

    def mask(k: int) -> Tensor:
        noise = block(k // _BLOCK)[:, k % _BLOCK]
        cells = (noise[:, :-2] < parameters.shown).to(run.x.dtype).view(-1, 1, side, side)
        smooth = interpolate(cells, large, mode="bilinear", align_corners=False)
        rows, columns = ((noise[:, at] * extent).long().tolist() for at, extent in ((-2, cell[0]), (-1, cell[1])))
        cut = [m[:, r : r + height, c : c + width] for m, r, c in zip(smooth, rows, columns, strict=True)]
        return torch.stack(cut)

    return mask
