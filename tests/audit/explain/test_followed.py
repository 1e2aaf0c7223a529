"""Maps to differentiate: the same maps as the explainer's, and derivatives that are those of the smooth twin."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from junco.audit.explain import build, followed, smoothable, unfollowable
from junco.audit.explain.explainer import Bound
from junco.contract.base import Frozen
from junco.contract.catalogue import RECIPES, IntegratedGradientsParameters, Method, SmoothGradParameters
from junco.contract.errors import InvalidPlan
from tests.audit.explain.models import SumPool, bound, canonical, convnet, images, linear, seeded

BRIEF: dict[Method, Frozen] = {
    Method.INTEGRATED_GRADIENTS: IntegratedGradientsParameters(steps=4),
    Method.SMOOTHGRAD: SmoothGradParameters(samples=3),
}


def method(name: Method) -> Bound:
    """A method that can be followed, of few passes."""
    return bound(name, BRIEF.get(name))


@pytest.mark.parametrize("name", RECIPES)
def test_what_is_attacked_is_what_explains(name: Method) -> None:
    """Without a beta the followed map is the explainer's, bit for bit."""
    model, batch = convnet(), images(3)
    theirs = build([method(name)], model)(model, batch, seed=5).maps[name.value]
    ours = followed(method(name))(model, batch, seed=5)
    torch.testing.assert_close(ours.detach(), theirs, rtol=0, atol=0)


def test_nothing_is_kept_where_nobody_follows() -> None:
    """A map of images that require no gradient has no graph; of those that do, it has."""
    model, batch, function = convnet(), images(2), followed(bound(Method.INPUT_X_GRADIENT))
    x = batch.x.clone().requires_grad_()
    assert not function(model, batch, seed=0, beta=1.0).requires_grad
    assert function(model, replace(batch, x=x), seed=0, beta=1.0).requires_grad


@pytest.mark.parametrize("name", RECIPES)
def test_derivatives_of_the_twins_map_are_those_of_finite_differences(name: Method) -> None:
    """d/dt of a weighted sum of the map along a random direction (central differences, float64, step 1e-6: 1e-5)."""
    model, batch, function = convnet(), images(2), followed(method(name))
    generator = torch.Generator().manual_seed(0)
    weights, way = (torch.randn(batch.x.shape, generator=generator, dtype=torch.float64) for _ in range(2))

    def total(x: Tensor) -> Tensor:
        return (function(model, replace(batch, x=x), seed=1, beta=3.0) * weights).sum()

    x = batch.x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(total(x), x)
    step = 1e-6
    difference = (total(batch.x + step * way) - total(batch.x - step * way)) / (2 * step)
    torch.testing.assert_close((slope * way).sum(), difference.detach(), rtol=1e-5, atol=1e-6)
    assert slope.abs().sum() > 0


def test_one_unit_has_the_curvature_of_its_softplus() -> None:
    """O18, once more differentiated: d/dx of w sigmoid(beta w'x) is beta sigmoid (1 - sigmoid) w w'."""
    conv = nn.Conv2d(1, 1, 4, bias=False)
    model = canonical(seeded(nn.Sequential(conv, nn.ReLU(), SumPool()), 5), (1, 4, 4))
    x = torch.rand(1, 1, 4, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64).requires_grad_()
    batch, beta = replace(images(1, (1, 4, 4)), x=x, targets=torch.tensor([0])), 3.0
    found = followed(bound(Method.GRADIENT))(model, batch, seed=0, beta=beta)
    (row,) = torch.autograd.grad(found[0, 0, 1, 2], x)
    weight = model.submodule("0").weight.detach()
    gate = torch.sigmoid(beta * (weight * x.detach()).sum())
    torch.testing.assert_close(row, beta * gate * (1 - gate) * weight[0, 0, 1, 2] * weight, rtol=1e-9, atol=1e-12)


def test_without_a_twin_a_network_of_relus_has_no_second_derivative() -> None:
    """The gradient of piecewise linear logits stands still, so an attack could not move."""
    model, batch = convnet(), images(2)
    x = batch.x.clone().requires_grad_()
    found = followed(bound(Method.GRADIENT))(model, replace(batch, x=x), seed=0).sum()
    (slope,) = torch.autograd.grad(found, x, allow_unused=True) if found.requires_grad else (None,)
    assert slope is None or slope.abs().max() == 0


def test_a_map_smoothed_by_noise_is_the_mean_over_noisy_copies() -> None:
    """Ten copies of the gradient: SmoothGrad at the same seed."""
    model, batch = convnet(), images(2)
    theirs = followed(bound(Method.SMOOTHGRAD, SmoothGradParameters(samples=10)))(model, batch, seed=4)
    ours = followed(bound(Method.GRADIENT))(model, batch, seed=4, samples=10)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


def test_following_leaves_the_model_as_it_was() -> None:
    """No hook and no softplus stays behind."""
    model, batch = convnet(), images(2)
    before = model(batch.x)
    followed(bound(Method.GUIDED_BACKPROP))(model, batch, seed=0, beta=1.0)
    assert torch.equal(model(batch.x), before)
    assert not any(part._forward_hooks for part in model.module.modules())


def test_a_map_that_cannot_be_followed_is_refused() -> None:
    """Grad-CAM, with the methods that can."""
    with pytest.raises(InvalidPlan, match="cannot be differentiated") as refused:
        followed(bound(Method.GRAD_CAM))
    assert "guided_backprop" in str(refused.value.expected)


def test_which_models_have_a_twin_and_which_no_second_derivative() -> None:
    """ReLUs get a softplus, linear and smooth models need none, other kinks have none."""
    kinked = canonical(seeded(nn.Sequential(nn.Flatten(), nn.Linear(432, 5), nn.LeakyReLU(), nn.Linear(5, 3))))
    assert unfollowable(kinked) == "the attack needs second derivatives, and the model has LeakyReLU"
    assert (smoothable(convnet()), unfollowable(convnet())) == (True, None)
    assert (smoothable(linear()[0]), unfollowable(linear()[0])) == (False, None)
