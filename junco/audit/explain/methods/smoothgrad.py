"""SmoothGrad: A = mean over e ~ N(0, s_i^2) of dz_c/dx at x + e, s_i = sigma * (max x_i - min x_i).

Smilkov et al., SmoothGrad, 2017. [n, C, H, W], signed. The range is the unshifted image's and noisy copies are never
clipped: either would make the map move with an input shift. The noise of an image depends on the pass's seed and
the image's place in the plan only, so that two models, or two batchings, share it. Cost: ``samples`` gradient passes.
"""

import torch
from torch import Tensor

from junco.audit.explain.noise import Stream, normal
from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import method
from junco.audit.types import Batch
from junco.contract.catalogue import Method, SmoothGradParameters


@method(Method.SMOOTHGRAD)
def smoothgrad(run: Pass, parameters: SmoothGradParameters) -> Tensor:
    """The gradient averaged over noisy copies of the input."""
    spread = parameters.sigma * _range(run.batch)

    def noisy(draw: int) -> Tensor:
        noise = normal(run.x, seed=run.seed, stream=Stream.SMOOTHGRAD, index=run.batch.index, draw=draw)
        return run.x + spread * noise

    weights = torch.full((parameters.samples,), 1 / parameters.samples, dtype=torch.float64)
    return run.mean_gradient(noisy, weights)


def _range(batch: Batch) -> Tensor:
    plain = batch.x if batch.shift is None else batch.x - batch.shift.to(batch.x)
    return plain.amax(dim=(1, 2, 3), keepdim=True) - plain.amin(dim=(1, 2, 3), keepdim=True)
