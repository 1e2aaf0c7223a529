"""Gradient SHAP, Expected Gradients and Integrated Gradients SmoothGrad: expectations over random paths."""

from dataclasses import replace

import captum.attr
import pytest
import torch
from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.explain import REGISTRY, Pass, build, preflight, residual
from junco.audit.explain.methods import expected_gradients as eg
from junco.audit.explain.methods import gradient_shap as gs
from junco.audit.explain.noise import Stream, normal, uniform
from junco.audit.explain.paths import random_places
from junco.audit.model import Canonical
from junco.contract.catalogue import (
    ExpectedGradientsParameters,
    GradientShapParameters,
    IntegratedGradientsParameters,
    IntegratedGradientsSmoothGradParameters,
    Method,
    MethodParameters,
)
from junco.contract.errors import InvalidPlan
from tests.audit.explain.models import bound, convnet, images, linear


def explained(model: Canonical, batch: Batch, name: Method, parameters: MethodParameters, *, seed: int = 3) -> Tensor:
    """One method's maps."""
    method = bound(name, parameters)
    return build([method], model, batch_size=16)(model, batch, seed=seed).maps[method.label]


def slope(model: Canonical, x: Tensor, target: Tensor) -> Tensor:
    """Gradient at one point [1, C, H, W]."""
    leaf = x.clone().requires_grad_()
    model(leaf)[0, target].backward()
    assert leaf.grad is not None
    return leaf.grad


def test_gradient_shap_is_captums_formula_at_the_same_draws() -> None:
    """Captum multiplies x + e - x0 and the gradient at x0 + a (x + e - x0): the same, draw by draw."""
    model, batch = convnet(), images(2)
    parameters = GradientShapParameters(samples=6, spread=0.2, sigma=0.1, baseline="mean")
    expected = torch.zeros_like(batch.x)
    for i, place in enumerate(batch.index):
        one, target = batch.x[i : i + 1], batch.targets[i]
        scale = one.max() - one.min()
        for k in range(6):
            drawn = {"seed": 3, "index": (place,), "draw": k}
            start = 0.5 + 0.2 * scale * normal(one, stream=Stream.GRADIENT_SHAP, **drawn)
            end = one + 0.1 * scale * normal(one, stream=Stream.GRADIENT_SHAP_IMAGE, **drawn)
            u = uniform((), stream=Stream.GRADIENT_SHAP_PLACE, device=one.device, **drawn)
            way = end - start
            expected[i] += (way * slope(model, start + (k + u) / 6 * way, target))[0] / 6
    found = explained(model, batch, Method.GRADIENT_SHAP, parameters)
    torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-13)


def test_gradient_shap_agrees_with_captums_own_draws_in_the_mean() -> None:
    """300 draws each around a black baseline: correlation above 0.99 with eager Captum."""
    model, batch = convnet(), images(2)
    torch.manual_seed(0)
    baselines = 0.1 * torch.randn(200, 3, 12, 12, dtype=torch.float64)
    theirs = captum.attr.GradientShap(model.module).attribute(
        batch.x, baselines, n_samples=300, stdevs=0.0, target=batch.targets
    )
    ours = explained(model, batch, Method.GRADIENT_SHAP, GradientShapParameters(samples=300, spread=0.1))
    assert torch.corrcoef(torch.stack([ours.flatten(), theirs.detach().flatten()]))[0, 1] > 0.99


def test_without_spread_it_is_integrated_gradients_at_random_places() -> None:
    """At 200 stratified places the two differ by less than 2 % of the largest value."""
    model, batch = convnet(), images(2)
    shap = explained(model, batch, Method.GRADIENT_SHAP, GradientShapParameters(samples=200, spread=0))
    path = explained(model, batch, Method.INTEGRATED_GRADIENTS, IntegratedGradientsParameters(steps=200))
    torch.testing.assert_close(shap, path, rtol=0, atol=0.02 * path.abs().max().item())


def test_expected_gradients_are_the_mean_over_every_other_image() -> None:
    """At as many draws as there are others each is met once, at its own place: the naive loop over those draws."""
    model, batch = convnet(), images(3)
    batch = replace(batch, references=batch.references[8:13])  # type: ignore[index]  # set by images
    batch = replace(batch, index=(2, 3, 4))
    references, samples = batch.references, 4
    assert references is not None
    run = Pass(model, batch, seed=3)
    order = eg._order(run)
    places = list(random_places(run, samples, Stream.EXPECTED_GRADIENTS_PLACE))
    expected = torch.zeros_like(batch.x)
    for i, own in enumerate(batch.index):
        assert sorted(order[i].tolist()) == [k for k in range(5) if k != own]
        for k in range(samples):
            other = references[order[i, k]][None]
            way = batch.x[i : i + 1] - other
            expected[i] += (way * slope(model, other + places[k][i] * way, batch.targets[i]))[0] / samples
    found = explained(model, batch, Method.EXPECTED_GRADIENTS, ExpectedGradientsParameters(samples=samples))
    torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-13)


def test_expected_gradients_of_a_linear_model_compare_with_the_mean_image() -> None:
    """A = w * (x - mean of the others), exactly, once every other image was met equally often."""
    model, weight = linear()
    batch = images(2, (2, 4, 4))
    assert batch.references is not None
    found = explained(model, batch, Method.EXPECTED_GRADIENTS, ExpectedGradientsParameters(samples=22))
    for i, own in enumerate(batch.index):
        others = torch.stack([image for k, image in enumerate(batch.references) if k != own]).mean(0)
        expected = weight[batch.targets[i]] * (batch.x[i] - others)
        torch.testing.assert_close(found[i], expected, rtol=1e-11, atol=1e-13)


def test_expected_gradients_need_another_image() -> None:
    """Alone, or outside a plan, the error says what to add."""
    model, batch = convnet(), images(1)
    for references in (None, batch.x):
        with pytest.raises(InvalidPlan, match="the plan has none") as caught:
            explained(
                model, replace(batch, references=references), Method.EXPECTED_GRADIENTS, ExpectedGradientsParameters()
            )
        assert caught.value.remedy is not None
    assert ExpectedGradientsParameters().least_images() == 2


def test_smoothed_integrated_gradients_are_the_mean_over_smoothgrads_draws() -> None:
    """A naive loop over draws and quadrature places, with SmoothGrad's own noise."""
    model, batch = convnet(), images(2)
    parameters = IntegratedGradientsSmoothGradParameters(samples=3, steps=4, quadrature="riemann_right")
    expected = torch.zeros_like(batch.x)
    for i, place in enumerate(batch.index):
        one = batch.x[i : i + 1]
        for k in range(3):
            noise = normal(one, seed=3, stream=Stream.SMOOTHGRAD, index=(place,), draw=k)
            end = one + 0.15 * (one.max() - one.min()) * noise
            for step in range(1, 5):
                expected[i] += (end * slope(model, step / 4 * end, batch.targets[i]))[0] / 12
    found = explained(model, batch, Method.INTEGRATED_GRADIENTS_SMOOTHGRAD, parameters)
    torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-13)


COMPLETE: dict[Method, MethodParameters] = {
    Method.GRADIENT_SHAP: GradientShapParameters(samples=200, sigma=0.05),
    Method.EXPECTED_GRADIENTS: ExpectedGradientsParameters(samples=400),
    Method.INTEGRATED_GRADIENTS_SMOOTHGRAD: IntegratedGradientsSmoothGradParameters(samples=4, steps=100),
}


@pytest.mark.parametrize("name", COMPLETE)
@pytest.mark.parametrize("beta", [None, 5.0])
def test_what_a_map_must_sum_to_is_measured_at_its_own_draws(name: Method, beta: float | None) -> None:
    """The median residual is small at many samples, also in the softplus twin, and a map of twice the size has 1."""
    model, batch = convnet(), images(6)
    parameters = COMPLETE[name].model_copy(update={"beta": beta})
    maps, sums_to = explained(model, batch, name, parameters), REGISTRY[name].sums_to
    assert sums_to is not None
    climbed = sums_to(Pass(model, batch, seed=3), parameters)
    assert residual(maps, climbed).median() < 0.05
    assert residual(2 * maps, climbed).median() > 0.9


def test_too_few_samples_are_no_explanation() -> None:
    """Preflight tells how much of the logit two random places miss."""
    method = bound(Method.EXPECTED_GRADIENTS, ExpectedGradientsParameters(samples=2))
    seen = preflight([method], convnet(), images(8))[method.label]
    assert seen.figures["completeness"] > 0.05
    assert "raise steps or samples" in seen.problems[0]


def test_places_are_uniform_one_in_each_part() -> None:
    """Draw k of n lies in [k, k + 1) / n, and images and seeds have their own."""
    model, batch = convnet(), images(2)
    first, other = (
        torch.stack(list(random_places(Pass(model, batch, seed=seed), 50, Stream.GRADIENT_SHAP_PLACE))).view(50, 2)
        for seed in (0, 1)
    )
    assert torch.equal((first * 50).floor(), torch.arange(50.0, dtype=torch.float64)[:, None].expand(50, 2))
    assert not torch.equal(first[:, 0], first[:, 1])
    assert not torch.equal(first, other)


@pytest.mark.parametrize("spread", [0.0, 0.3])
def test_the_baselines_of_gradient_shap_spread_by_the_images_range(spread: float) -> None:
    """Over 4000 values the standard deviation is spread times max - min, to 5 %."""
    model, batch = convnet(), images(1, (3, 40, 40))
    start, end = gs.ends(Pass(model, batch), GradientShapParameters(spread=spread, baseline="black"), 0)
    expected = spread * (batch.x.max() - batch.x.min())
    torch.testing.assert_close(start.std(), expected, rtol=0.05, atol=0)
    assert torch.equal(end, batch.x)
