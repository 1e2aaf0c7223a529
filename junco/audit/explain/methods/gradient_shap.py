"""Gradient SHAP: A = mean over random x0, a and e of (x + e - x0) * dz_c/dx at x0 + a (x + e - x0).

Lundberg & Lee, A Unified Approach to Interpreting Model Predictions, 2017, as its authors' GradientExplainer and
Captum's GradientShap compute it. x0 is normal around the named baseline, a uniform in [0, 1), e normal around 0; scales
are the unshifted image's range. [n, C, H, W], signed, sums in the mean to z_c(x + e) - z_c(x0). Under an input shift
it stays iff the baseline moves along. Cost: ``samples`` gradient passes.
"""

from collections.abc import Iterator

from torch import Tensor

from junco.audit.explain.baselines import baseline
from junco.audit.explain.noise import Stream, normal
from junco.audit.explain.noisy import extent
from junco.audit.explain.passes import Pass
from junco.audit.explain.paths import climbed, random_places
from junco.audit.explain.registry import method
from junco.contract.catalogue import GradientShapParameters, Method


def _climbed(run: Pass, parameters: GradientShapParameters) -> Tensor:
    return climbed(run.smoothed(parameters.beta), lambda k: ends(run, parameters, k), parameters.samples)


@method(Method.GRADIENT_SHAP, sums_to=_climbed)
def gradient_shap(run: Pass, parameters: GradientShapParameters) -> Tensor:
    """The gradient at random places between random baselines and the image, weighted by the distance."""
    return run.smoothed(parameters.beta).weighted_gradients(_points(run, parameters)) / parameters.samples


def ends(run: Pass, parameters: GradientShapParameters, draw: int) -> tuple[Tensor, Tensor]:
    """Baseline and image of one draw, [n, C, H, W]."""

    def around(x: Tensor, sigma: float, stream: Stream) -> Tensor:
        if not sigma:
            return x.expand_as(run.x)
        return x + sigma * extent(run.batch) * normal(
            run.x, seed=run.seed, stream=stream, index=run.batch.index, draw=draw
        )

    start = around(baseline(run.batch, parameters), parameters.spread, Stream.GRADIENT_SHAP)
    return start, around(run.x, parameters.sigma, Stream.GRADIENT_SHAP_IMAGE)


def _points(run: Pass, parameters: GradientShapParameters) -> Iterator[tuple[Tensor, Tensor]]:
    for draw, place in enumerate(random_places(run, parameters.samples, Stream.GRADIENT_SHAP_PLACE)):
        start, end = ends(run, parameters, draw)
        yield start + place * (end - start), end - start
