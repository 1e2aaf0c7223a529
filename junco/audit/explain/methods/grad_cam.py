"""Grad-CAM: A = max(sum_k a_k * mean_ij(dz_c/da_kij), 0) (Selvaraju et al., Grad-CAM, 2017).

[n, 1, h, w], not negative, at the layer's own resolution. Often all zero on randomised models, which is left as it is.
Cost: 1 forward pass and the top of a backward pass.
"""

from torch import Tensor

from junco.audit.explain.backward import Wants
from junco.audit.explain.layers import layer_of, no_spatial_layer
from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import method
from junco.audit.model import Canonical
from junco.contract.catalogue import CamParameters, Method


def wants(model: Canonical, parameters: CamParameters) -> Wants:
    """The layer's output and its gradient."""
    return Wants(layers=frozenset({layer_of(model, parameters)})).under(parameters.beta)


@method(Method.GRAD_CAM, refuses=no_spatial_layer, wants=wants)
def grad_cam(run: Pass, parameters: CamParameters) -> Tensor:
    """The layer's channels, weighted by their mean gradient, kept where positive."""
    return run.smoothed(parameters.beta).cam(layer_of(run.model, parameters))
