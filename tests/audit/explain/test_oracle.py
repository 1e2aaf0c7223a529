"""The shared pass against Captum on the same graph."""

from collections.abc import Callable

import pytest
import torch

from junco.audit.explain import Pass
from junco.audit.explain.oracle import by_captum
from junco.audit.model import Canonical
from junco.contract.catalogue import CamParameters, Control, IntegratedGradientsParameters, Method
from tests.audit.explain.models import bound, convnet, images, preactivation

SINGLE = [Method.GRADIENT, Method.INPUT_X_GRADIENT, Method.GUIDED_BACKPROP, Method.GRAD_CAM, Method.GUIDED_GRAD_CAM]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("make", [convnet, preactivation])
@pytest.mark.parametrize("name", SINGLE)
def test_single_pass_methods_equal_captum_to_the_last_bit(
    name: Method, make: Callable[..., Canonical], dtype: torch.dtype
) -> None:
    """Sharing a forward pass costs no rounding, on a plain network and on one with skips and ReLU6."""
    model, batch = make(dtype=dtype), images(dtype=dtype)
    run, method = Pass(model, batch), bound(name)
    theirs = by_captum(run, method)
    assert theirs is not None
    assert torch.equal(method.entry.run(run, method.parameters), theirs)


@pytest.mark.parametrize("layer", ["1", "4"])
def test_grad_cam_equals_captum_on_every_layer(layer: str) -> None:
    """Early layers too."""
    run, method = Pass(convnet(), images()), bound(Method.GRAD_CAM, CamParameters(layer=layer))
    theirs = by_captum(run, method)
    assert theirs is not None
    assert torch.equal(method.entry.run(run, method.parameters), theirs)


@pytest.mark.parametrize("start", ["zero", "black", "mean"])
def test_integrated_gradients_equal_captum_up_to_its_single_precision_weights(start: str) -> None:
    """Captum rounds the quadrature's weights to float32, so float64 maps agree to 1e-6 of their largest value."""
    parameters = IntegratedGradientsParameters.model_validate({"baseline": start})
    run, method = Pass(convnet(), images()), bound(Method.INTEGRATED_GRADIENTS, parameters)
    theirs = by_captum(run, method)
    assert theirs is not None
    found = method.entry.run(run, method.parameters)
    torch.testing.assert_close(found, theirs, rtol=0, atol=1e-6 * theirs.abs().max().item())


def test_captum_works_at_a_fixed_batch_size() -> None:
    """Five images through a graph of three."""
    free, fixed = Pass(convnet(), images(5)), Pass(convnet(batch=3), images(5))
    for name in SINGLE:
        expected, found = by_captum(free, bound(name)), by_captum(fixed, bound(name))
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-13)


def test_captum_has_no_controls_and_no_seeded_smoothgrad() -> None:
    """Where there is nothing to compare with, there is None."""
    run = Pass(convnet(), images())
    assert by_captum(run, bound(Control.CONSTANT)) is None
    assert by_captum(run, bound(Method.SMOOTHGRAD)) is None


def test_the_model_is_left_without_hooks() -> None:
    """Neither Captum's hooks nor ours stay behind."""
    run = Pass(convnet(), images())
    for name in SINGLE:
        by_captum(run, bound(name))
    modules = list(run.model.module.modules())
    assert not any(part._forward_hooks or part._forward_pre_hooks or part._backward_hooks for part in modules)
