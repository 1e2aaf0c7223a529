"""Grad-CAM++: A = max(sum_k w_k a_k, 0), w_k = sum_ij alpha_kij max(g_kij, 0), g = dz_c/da_k.

Chattopadhay et al., Grad-CAM++, 2018, eq. 19: alpha = g^2 / (2 g^2 + g^3 sum_ij a_kij), 0 where that is 0 / 0. The
factor exp(z_c) that the paper's choice of score puts before all weights of an image is left out: it overflows, and
moves no comparison. [n, 1, h, w], not negative, at the layer's own resolution. Cost: grad_cam's, shared with it.
"""

import torch
from torch import Tensor

from junco.audit.explain.cams import weighted
from junco.audit.explain.layers import layer_of, no_spatial_layer
from junco.audit.explain.methods.grad_cam import wants
from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import method
from junco.contract.catalogue import CamParameters, Method


@method(Method.GRAD_CAM_PLUS_PLUS, refuses=no_spatial_layer, wants=wants)
def grad_cam_plus_plus(run: Pass, parameters: CamParameters) -> Tensor:
    """The layer's channels, weighted by their positive gradients, kept where positive."""
    tap = run.smoothed(parameters.beta).tapped(layer_of(run.model, parameters))
    g = tap.gradient
    # g^2 divides out of numerator and denominator, which would underflow with it in single precision.
    bottom = 2 + g * tap.activations.sum(dim=(2, 3), keepdim=True)
    alpha = torch.where((g == 0) | (bottom == 0), 0, 1 / bottom)
    return weighted(tap.activations, (alpha * g.relu()).sum(dim=(2, 3), keepdim=True))
