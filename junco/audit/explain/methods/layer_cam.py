"""LayerCAM: A = max(sum_k a_k * max(dz_c/da_k, 0), 0), place by place (Jiang et al., LayerCAM, 2021).

[n, 1, h, w], not negative, at the layer's own resolution; fit for early layers too. Cost: grad_cam's, shared with it.
"""

from torch import Tensor

from junco.audit.explain.cams import weighted
from junco.audit.explain.layers import layer_of, no_spatial_layer
from junco.audit.explain.methods.grad_cam import wants
from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import method
from junco.contract.catalogue import CamParameters, Method


@method(Method.LAYER_CAM, refuses=no_spatial_layer, wants=wants)
def layer_cam(run: Pass, parameters: CamParameters) -> Tensor:
    """The layer's activations, each weighted by its own positive gradient."""
    tap = run.smoothed(parameters.beta).tapped(layer_of(run.model, parameters))
    return weighted(tap.activations, tap.gradient.relu())
