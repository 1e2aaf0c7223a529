"""Integrated Gradients: A = (x - x0) * integral over a in [0, 1] of dz_c/dx at x0 + a (x - x0).

Sundararajan et al., Axiomatic Attribution for Deep Networks, 2017. [n, C, H, W], signed, sums to z_c(x) - z_c(x0) up to
the quadrature's error. Under an input shift it stays iff the baseline moves along: zero and custom do not, black and
mean do, by one value per channel. Cost: ``steps`` gradient passes.
"""

from torch import Tensor

from junco.audit.explain.baselines import baseline
from junco.audit.explain.passes import Pass
from junco.audit.explain.paths import climbed, rule
from junco.audit.explain.registry import method
from junco.contract.catalogue import IntegratedGradientsParameters, Method


def _climbed(run: Pass, parameters: IntegratedGradientsParameters) -> Tensor:
    return climbed(run.smoothed(parameters.beta), lambda _: (baseline(run.batch, parameters), run.x), 1)


@method(Method.INTEGRATED_GRADIENTS, sums_to=_climbed)
def integrated_gradients(run: Pass, parameters: IntegratedGradientsParameters) -> Tensor:
    """The gradient averaged along the straight path from a baseline, weighted by the distance."""
    start = baseline(run.batch, parameters)
    way = run.x - start
    points = ((start + a * way, weight) for a, weight in rule(parameters.quadrature, parameters.steps))
    return way * run.smoothed(parameters.beta).weighted_gradients(points)
