"""Guided Grad-CAM: A = guided_backprop * upsample(grad_cam), bilinear (Selvaraju et al., Grad-CAM, 2017).

[n, C, H, W], signed; zero wherever Grad-CAM is. Cost: none beyond guided_backprop and grad_cam, shared with them.
"""

from torch import Tensor
from torch.nn.functional import interpolate

from junco.audit.explain.backward import Wants
from junco.audit.explain.layers import layer_of, no_spatial_layer
from junco.audit.explain.methods.guided_backprop import no_guided_rule
from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import method
from junco.audit.model import Canonical
from junco.contract.catalogue import CamParameters, Method


def _refuses(model: Canonical, parameters: CamParameters) -> str | None:
    return no_guided_rule(model) or no_spatial_layer(model, parameters)


def _wants(model: Canonical, parameters: CamParameters) -> Wants:
    return Wants(guided=True, layers=frozenset({layer_of(model, parameters)})).under(parameters.beta)


@method(Method.GUIDED_GRAD_CAM, refuses=_refuses, wants=_wants)
def guided_grad_cam(run: Pass, parameters: CamParameters) -> Tensor:
    """Guided Backpropagation gated by the Grad-CAM map, resized to the input."""
    twin = run.smoothed(parameters.beta)
    cam = twin.cam(layer_of(run.model, parameters))
    return twin.guided * interpolate(cam, run.x.shape[2:], mode="bilinear", align_corners=False)
