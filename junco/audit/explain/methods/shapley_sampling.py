"""Shapley value sampling: A_j = mean over random orders of what segment j adds to the score of those before it.

Castro et al., Polynomial Calculation of the Shapley Value Based on Sampling, 2009; Strumbelj & Kononenko, 2010.
[n, 1, side, side] of a grid, [n, 1, H, W] of SLIC, signed; sums over segments to z_c(x) - z_c(x0) for any number of
orders. Orders depend on the pass's seed and the image's place only. Cost: 2 + permutations * (segments - 1) forward
passes: all orders share the empty and the whole image.
"""

import torch
from torch import Tensor

from junco.audit.explain.coalitions import game
from junco.audit.explain.noise import Stream, uniform
from junco.audit.explain.passes import Pass
from junco.audit.explain.perturb import perturbed_scores
from junco.audit.explain.registry import method
from junco.contract.catalogue import Method, ShapleySamplingParameters


@method(Method.SHAPLEY_SAMPLING)
def shapley_sampling(run: Pass, parameters: ShapleySamplingParameters) -> Tensor:
    """Each segment's mean marginal contribution."""
    played, ranks = game(run, parameters), orders(run, parameters)
    steps, n, count = parameters.segments - 1, len(run.x), parameters.permutations

    def ahead(k: int) -> Tensor:
        """The empty image, then the first 1, 2, ... segments of each order."""
        order, size = divmod(k - 1, steps)
        return played.image(torch.zeros_like(ranks[:, 0]) > 0 if k == 0 else ranks[:, order] <= size)

    scores = perturbed_scores(run, ahead, 1 + count * steps).double()
    ends = (end[:, None, None].expand(n, count, 1) for end in (scores[:, 0], played.whole))
    empty, whole = ends
    added = torch.cat([empty, scores[:, 1:].view(n, count, steps), whole], dim=2).diff(dim=2)
    return played.painted(added.gather(2, ranks).mean(1) * played.players)


def orders(run: Pass, parameters: ShapleySamplingParameters) -> Tensor:
    """Each segment's place [n, permutations, segments] in each order, from 0."""
    size = (parameters.permutations, parameters.segments)
    noise = uniform(size, seed=run.seed, stream=Stream.SHAPLEY_SAMPLING, index=run.batch.index, device=run.x.device)
    return noise.argsort(dim=2).argsort(dim=2)
