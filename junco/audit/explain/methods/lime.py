"""LIME: coefficients of a weighted ridge regression of z_c(x_z) on which segments z are shown (Ribeiro et al. 2016).

Segments are shown with probability 1/2; a coalition counts k(z) = sqrt(exp(-d^2 / width^2)), d its cosine distance to
the whole image, which is the first sample, as in the authors' code. [n, 1, side, side] of a grid, [n, 1, H, W] of SLIC,
signed. Draws depend on the pass's seed and the image's place only. Cost: ``samples`` forward passes.
"""

import torch
from torch import Tensor

from junco.audit.explain.coalitions import game
from junco.audit.explain.noise import Stream, uniform
from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import method
from junco.audit.explain.surrogate import Sample, ridge
from junco.contract.catalogue import LimeParameters, Method


@method(Method.LIME)
def lime(run: Pass, parameters: LimeParameters) -> Tensor:
    """What showing each segment adds to the score, by a linear model near the whole image."""
    played = game(run, parameters)
    shown = coalitions(run, parameters)
    weights = proximity(shown & played.players[:, None], played.players, width=parameters.kernel_width)
    # Gains over the whole image: a model that never changes its mind has exactly none, not rounding.
    gains = torch.cat([played.whole[:, None], played.scores(shown[:, 1:])], dim=1) - played.whole[:, None]
    return played.painted(ridge(Sample(shown, weights, played.players), gains, penalty=parameters.ridge))


def coalitions(run: Pass, parameters: LimeParameters) -> Tensor:
    """Which segments each sample shows, [n, samples, segments]; the first shows all."""
    size = (parameters.samples - 1, parameters.segments)
    noise = uniform(size, seed=run.seed, stream=Stream.LIME, index=run.batch.index, device=run.x.device)
    return torch.cat([torch.ones_like(noise[:, :1], dtype=torch.bool), noise < 0.5], dim=1)


def proximity(shown: Tensor, players: Tensor, *, width: float) -> Tensor:
    """Weight [n, k] of each coalition; the cosine of z and the vector of ones is sqrt(|z| / M)."""
    share = shown.sum(2).double() / players.sum(1, keepdim=True).clamp_min(1)
    return torch.exp(-((1 - share.sqrt()) ** 2) / (2 * width**2))
