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
from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import method
from junco.audit.types import Batch, Canonical
from junco.contract.catalogue import IntegratedGradientsParameters, Method
from junco.contract.errors import InvalidPlan


def _refuses(model: Canonical, parameters: IntegratedGradientsParameters) -> str | None:
    channels, values = model.input_shape[0], parameters.baseline_values
    if values is not None and len(values) != channels:
        raise InvalidPlan(
            "The custom baseline does not fit the model.",
            expected=f"{channels} baseline_values, one per channel",
            found=f"{len(values)}",
            remedy="give one value per channel, in model input space",
        )
    return None


@method(Method.INTEGRATED_GRADIENTS, refuses=_refuses)
def integrated_gradients(run: Pass, parameters: IntegratedGradientsParameters) -> Tensor:
    """The gradient averaged along the straight path from a baseline, weighted by the distance."""
    nodes, weights = np.polynomial.legendre.leggauss(parameters.steps)
    start = baseline(run.batch, parameters)
    way = run.x - start
    places = ((nodes + 1) / 2).tolist()
    return way * run.mean_gradient(lambda k: start + places[k] * way, torch.from_numpy(weights / 2))


def baseline(batch: Batch, parameters: IntegratedGradientsParameters) -> Tensor:
    """Where the path starts, [1, C, 1, 1] in the space and dtype of ``batch.x``; black and mean follow the shift."""
    shift = batch.x.new_zeros(batch.x.shape[1:]) if batch.shift is None else batch.shift.to(batch.x)
    if parameters.baseline == "black":
        values = batch.box.low.to(batch.x) + shift.amin(dim=(1, 2))
    elif parameters.baseline == "mean":
        values = batch.box.mean.to(batch.x) + shift.mean(dim=(1, 2))
    elif parameters.baseline == "custom":
        values = batch.x.new_tensor(parameters.baseline_values)
    else:
        values = batch.x.new_zeros(batch.x.shape[1])
    return values.view(1, -1, 1, 1)


def completeness(model: Canonical, batch: Batch, maps: Tensor, *, parameters: IntegratedGradientsParameters) -> Tensor:
    """Residual [n] of the completeness axiom, |sum A - (z_c(x) - z_c(x0))| / |z_c(x) - z_c(x0)|; 0 is exact."""
    start = baseline(batch, parameters).expand_as(batch.x).contiguous()
    ends = [scores(ingredients(model, x, batch.targets, wants=Wants()).logits, batch.targets) for x in (batch.x, start)]
    climbed = ends[0] - ends[1]
    missed = (maps.sum(dim=(1, 2, 3)) - climbed).abs()
    return torch.where(missed == 0, missed, missed / climbed.abs())
