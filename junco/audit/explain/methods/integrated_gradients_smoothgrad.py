"""Integrated Gradients SmoothGrad: A = mean over e of Integrated Gradients at x + e, e as SmoothGrad's, draw by draw.

Adebayo et al., Sanity Checks for Saliency Maps, 2018. [n, C, H, W], signed, sums to the mean over e of z_c(x + e) less
z_c(x0), up to the quadrature's error. Cost: ``steps`` x ``samples`` gradient passes.
"""

from collections.abc import Iterator

from torch import Tensor

from junco.audit.explain.baselines import baseline
from junco.audit.explain.noisy import noisy
from junco.audit.explain.passes import Pass
from junco.audit.explain.paths import climbed, rule
from junco.audit.explain.registry import method
from junco.contract.catalogue import IntegratedGradientsSmoothGradParameters, Method


def _climbed(run: Pass, parameters: IntegratedGradientsSmoothGradParameters) -> Tensor:
    start = baseline(run.batch, parameters)
    return climbed(
        run.smoothed(parameters.beta),
        lambda k: (start, noisy(run.batch, parameters.sigma, seed=run.seed, draw=k)),
        parameters.samples,
    )


@method(Method.INTEGRATED_GRADIENTS_SMOOTHGRAD, sums_to=_climbed)
def integrated_gradients_smoothgrad(run: Pass, parameters: IntegratedGradientsSmoothGradParameters) -> Tensor:
    """Integrated Gradients averaged over noisy copies of the input."""
    return run.smoothed(parameters.beta).weighted_gradients(_points(run, parameters)) / parameters.samples


def _points(run: Pass, parameters: IntegratedGradientsSmoothGradParameters) -> Iterator[tuple[Tensor, Tensor]]:
    start = baseline(run.batch, parameters)
    for draw in range(parameters.samples):
        way = noisy(run.batch, parameters.sigma, seed=run.seed, draw=draw) - start
        for a, weight in rule(parameters.quadrature, parameters.steps):
            yield start + a * way, weight * way
