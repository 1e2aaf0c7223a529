"""The two ways to build a network that answers x + m as the first answers x."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from junco.audit.checks.constructions import fold, prepend
from junco.audit.model import Canonical
from tests.audit.checks.shifting import FOLDABLE, Shape, float64, images, shifts
from tests.truth import models


def gradient(model: Canonical, x: Tensor) -> Tensor:
    """Gradient of the sum of squared logits: every logit's signal at once."""
    x = x.clone().requires_grad_()
    (found,) = torch.autograd.grad(model.module(x).square().sum(), x)
    return found


@pytest.mark.parametrize("kind", ["constant", "checkerboard", "channels", "any"])
@pytest.mark.parametrize(("build_", "shape"), FOLDABLE)
def test_both_constructions_are_exact(build_: Callable[[], nn.Module], shape: Shape, kind: str) -> None:
    """O15: outputs and gradients of prepend, fold and the original agree to 1e-12 in float64, whatever the shift."""
    model, batch, shift = float64(build_, shape), images(shape), shifts(shape)[kind]
    outputs, slopes = model(batch.x), gradient(model, batch.x)
    for construct in (prepend, fold):
        twin = construct(model, shift)
        torch.testing.assert_close(twin(batch.x + shift), outputs, rtol=0, atol=1e-12 * float(outputs.abs().max()))
        moved = gradient(twin, batch.x + shift)
        torch.testing.assert_close(moved, slopes, rtol=0, atol=1e-12 * float(slopes.abs().max()))
        assert (twin(batch.x) - outputs).abs().max() > 1e-3 * outputs.abs().max()


@pytest.mark.parametrize(("build_", "shape"), FOLDABLE)
def test_a_construction_leaves_the_model_itself_alone(build_: Callable[[], nn.Module], shape: Shape) -> None:
    """The twin shares no weight with the original: both can be changed."""
    model, batch = float64(build_, shape), images(shape, 2)
    before, code = model(batch.x), model.module.code
    twin = fold(model, shifts(shape)["any"])
    with torch.no_grad():
        for parameter in twin.module.parameters():
            parameter.zero_()
    assert torch.equal(model(batch.x), before)
    assert model.module.code == code


def test_the_folded_bias_differs_at_a_padded_border() -> None:
    """With zero padding the first layer's answer to a constant is not constant: a map over space is needed."""
    model = float64(models.small_cnn, models.IMAGE)
    twin = fold(model, shifts(models.IMAGE)["constant"])
    response = twin.module.get_submodule("junco_shift").get_buffer("shift")
    assert response.shape == (8, 32, 32)
    inside = response[:, 1:-1, 1:-1]
    assert (inside - inside[:, :1, :1]).abs().max() < 1e-12
    assert (response[:, 0] - inside[:, :1, 0]).abs().max() > 0.1


def test_a_model_that_normalises_first_cannot_be_folded() -> None:
    """What the input meets first is no linear layer: prepend still works, fold says so."""
    model, batch = float64(models.normalising, models.IMAGE), images(models.IMAGE)
    shift = shifts(models.IMAGE)["constant"]
    assert model.first_linear is None
    with pytest.raises(ValueError, match="no linear layer first"):
        fold(model, shift)
    torch.testing.assert_close(prepend(model, shift)(batch.x + shift), model(batch.x), rtol=1e-12, atol=1e-12)
