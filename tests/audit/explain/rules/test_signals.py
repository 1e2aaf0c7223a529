"""Deconvolution against Captum, and against its formula where Captum's hook is in the wrong place."""

import warnings

import torch
from torch import nn
from torch.nn.functional import conv_transpose2d

from junco.audit.explain.oracle import private_inputs
from junco.audit.model import Canonical
from junco.contract.catalogue import Method
from tests.audit.explain.models import convnet, images, preactivation
from tests.audit.explain.rules import nets


def captums(model: Canonical) -> torch.Tensor:
    """Captum's map of five images."""
    from captum.attr import Deconvolution

    batch = images()
    with warnings.catch_warnings(), private_inputs(model.module):
        warnings.simplefilter("ignore")
        found: torch.Tensor = Deconvolution(model.module).attribute(batch.x.clone(), batch.targets)
    return found.detach()


def test_deconvolution_equals_captums() -> None:
    """On a row of layers and on a network with a skip and ReLU6, to 1e-12 in float64."""
    for model in (convnet(), preactivation()):
        found = nets.drawn(model, images(), Method.DECONVOLUTION)
        torch.testing.assert_close(found, captums(model), rtol=1e-10, atol=1e-13)


def test_deconvolution_forgets_where_the_relu_was_open() -> None:
    """conv, ReLU, linear: the map is the transposed convolution of max(w_c, 0), whatever the image."""
    model = nets.chain(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 4))
    batch = images(3, nets.SHAPE)
    top = model.module.get_parameter("3.weight")[batch.targets].view(3, 4, 6, 6).clamp(min=0)
    expected = conv_transpose2d(top, model.module.get_parameter("0.weight"))
    torch.testing.assert_close(nets.drawn(model, batch, Method.DECONVOLUTION), expected, rtol=1e-10, atol=1e-12)


def test_deconvolution_is_undefined_without_a_relu() -> None:
    """Other activations have no rule, and no activation leaves the gradient."""
    curved = nets.chain(nn.Conv2d(3, 4, 3), nn.GELU(), nn.ReLU(), nn.Flatten(), nn.Linear(144, 4))
    assert nets.refused(curved, Method.DECONVOLUTION) == "Deconvolution has no rule for GELU, which the model has"
    plain = nets.chain(nn.Flatten(), nn.Linear(192, 4))
    assert nets.refused(plain, Method.DECONVOLUTION) == "Deconvolution changes nothing in a model without a ReLU"
