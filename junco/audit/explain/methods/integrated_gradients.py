"""Integrated Gradients: A = (x - x0) * integral over a in [0, 1] of dz_c/dx at x0 + a (x - x0).

Sundararajan et al., Axiomatic Attribution for Deep Networks, 2017; Gauss-Legendre quadrature. [n, C, H, W], signed,
sums to z_c(x) - z_c(x0) up to the quadrature's error. Under an input shift it stays iff the baseline moves along: zero
and custom do not, black and mean do, by one value per channel. Cost: ``steps`` gradient passes.

The quadrature is our own because Captum's rounds its weights to float32 even for float64 models; the rest is equal.
"""

import numpy as np
import torch
from torch import Tensor

from junco.audit.explain.backward import Wants, ingredients, scores
from junco.audit.explain.baselines import baseline
from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import method
from junco.audit.types import Batch, Canonical
from junco.contract.catalogue import IntegratedGradientsParameters, Method


@method(Method.INTEGRATED_GRADIENTS)
def integrated_gradients(run: Pass, parameters: IntegratedGradientsParameters) -> Tensor:
    """The gradient averaged along the straight path from a baseline, weighted by the distance."""
    nodes, weights = np.polynomial.legendre.leggauss(parameters.steps)
    start = baseline(run.batch, parameters)
    way = run.x - start
    places = ((nodes + 1) / 2).tolist()
    return way * run.mean_gradient(lambda k: start + places[k] * way, torch.from_numpy(weights / 2))


def completeness(model: Canonical, batch: Batch, maps: Tensor, *, parameters: IntegratedGradientsParameters) -> Tensor:
    """Residual [n] of the completeness axiom, |sum A - (z_c(x) - z_c(x0))| / |z_c(x) - z_c(x0)|; 0 is exact."""
    start = baseline(batch, parameters).expand_as(batch.x).contiguous()
    ends = [scores(ingredients(model, x, batch.targets, wants=Wants()).logits, batch.targets) for x in (batch.x, start)]
    climbed = ends[0] - ends[1]
    missed = (maps.sum(dim=(1, 2, 3)) - climbed).abs()
    return torch.where(missed == 0, missed, missed / climbed.abs())
