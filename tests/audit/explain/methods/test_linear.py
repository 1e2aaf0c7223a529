"""O1 and O2: what every gradient method must say of a linear model."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.explain import build
from junco.contract.catalogue import IntegratedGradientsParameters, Method, SmoothGradParameters
from tests.audit.explain.models import bound, completeness, images, linear

EXPECTED: dict[Method, Callable[[Tensor, Tensor], Tensor]] = {
    Method.GRADIENT: lambda x, w: w,
    Method.SMOOTHGRAD: lambda x, w: w,
    Method.INPUT_X_GRADIENT: lambda x, w: w * x,
    Method.INTEGRATED_GRADIENTS: lambda x, w: w * x,
}


def batch_of(shape: tuple[int, int, int] = (2, 4, 4)) -> Batch:
    """Five images that fit the linear model."""
    return images(5, shape)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_map_of_a_linear_model_is_its_weights(name: Method) -> None:
    """Gradient and SmoothGrad are w; Input x Gradient and Integrated Gradients from zero are w * x, to rounding."""
    model, weight = linear()
    batch = batch_of()
    maps = build([bound(name)], model)(model, batch, seed=4).maps[name]
    torch.testing.assert_close(maps, EXPECTED[name](batch.x, weight[batch.targets]), rtol=1e-12, atol=1e-13)


def test_the_number_of_samples_does_not_matter_to_a_linear_model() -> None:
    """Two noisy copies are as good as fifty where the gradient is constant."""
    model, weight = linear()
    few = bound(Method.SMOOTHGRAD, SmoothGradParameters(samples=2, sigma=1.0))
    maps = build([few], model)(model, batch_of(), seed=0).maps[few.label]
    torch.testing.assert_close(maps, weight[batch_of().targets], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("steps", [2, 50])
def test_integrated_gradients_of_a_linear_model_start_at_the_baseline_and_are_complete(steps: int) -> None:
    """A = w * (x - x0) for any x0, with a residual of float64 rounding at any number of steps."""
    model, weight = linear()
    batch = batch_of()
    parameters = IntegratedGradientsParameters(steps=steps, baseline="custom", baseline_values=(0.25, -3.0))
    method = bound(Method.INTEGRATED_GRADIENTS, parameters)
    maps = build([method], model)(model, batch, seed=0).maps[method.label]
    start = torch.tensor([0.25, -3.0], dtype=torch.float64).view(1, 2, 1, 1)
    torch.testing.assert_close(maps, weight[batch.targets] * (batch.x - start), rtol=1e-12, atol=1e-13)
    assert completeness(model, batch, maps, parameters=parameters).max() < 1e-12
