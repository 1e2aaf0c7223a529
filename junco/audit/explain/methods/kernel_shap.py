"""Kernel SHAP: Shapley values of segments by a regression under the Shapley kernel (Lundberg & Lee 2017).

[n, 1, side, side] of a grid, [n, 1, H, W] of SLIC, signed; sums over segments to z_c(x) - z_c(x0) exactly: the whole
and the empty image are a constraint, not samples of huge weight. With 2^M samples these are the Shapley values
themselves. Draws depend on the pass's seed and the image's place only. Cost: ``samples`` forward passes, or 2^M if
those are fewer.
"""

import torch
from torch import Tensor

from junco.audit.explain.coalitions import game
from junco.audit.explain.noise import Stream, uniform
from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import method
from junco.audit.explain.shapley_kernel import design
from junco.audit.explain.surrogate import Sample, constrained
from junco.contract.catalogue import KernelShapParameters, Method


@method(Method.KERNEL_SHAP)
def kernel_shap(run: Pass, parameters: KernelShapParameters) -> Tensor:
    """Each segment's share of z_c(x) - z_c(x0)."""
    played = game(run, parameters)
    sample = coalitions(run, parameters, players=played.players)
    scores = played.scores(torch.cat([torch.zeros_like(sample.shown[:, :1]), sample.shown], dim=1))
    empty = scores[:, :1]
    total = played.whole - empty[:, 0]
    return played.painted(constrained(sample, scores[:, 1:] - empty, total=total))


def coalitions(run: Pass, parameters: KernelShapParameters, *, players: Tensor) -> Sample:
    """The coalitions that are asked about, beside the empty and the whole one, and what each counts."""
    planned = design(parameters.segments, parameters.asked() - 2)
    size = (planned.pairs, parameters.segments + 1)
    noise = uniform(size, seed=run.seed, stream=Stream.KERNEL_SHAP, index=run.batch.index, device=run.x.device)
    weights = planned.weights().to(run.x.device).expand(len(run.x), -1)
    return Sample(planned.coalitions(noise), weights, players)
