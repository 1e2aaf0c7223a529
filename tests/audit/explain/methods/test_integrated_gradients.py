"""Integrated Gradients beyond the linear case."""

import pytest
import torch
from torch import nn

from junco.audit.batch import Batch
from junco.audit.explain import build, refusal
from junco.audit.explain.baselines import baseline
from junco.contract.catalogue import IntegratedGradientsParameters, Method
from junco.contract.errors import InvalidPlan
from tests.audit.explain.models import bound, canonical, completeness, convnet, images, seeded


def with_shift(batch: Batch, shift: torch.Tensor) -> Batch:
    """``batch`` moved by ``shift``."""
    return Batch(batch.x + shift, batch.targets, batch.index, batch.box, shift)


def test_a_positively_homogeneous_network_gives_input_times_gradient() -> None:
    """O6: without biases the gradient is the same all along the ray from zero, and the map sums to the logit."""
    model, batch = convnet(bias=0), images()
    methods = [bound(Method.INTEGRATED_GRADIENTS), bound(Method.INPUT_X_GRADIENT)]
    made = build(methods, model)(model, batch, seed=0)
    path, product = made.maps["integrated_gradients"], made.maps["input_x_gradient"]
    torch.testing.assert_close(path, product, rtol=1e-12, atol=1e-12)
    logit = made.logits.gather(1, batch.targets[:, None])[:, 0]
    torch.testing.assert_close(path.sum((1, 2, 3)), logit, rtol=1e-12, atol=1e-12)


def test_the_quadrature_is_exact_for_polynomial_logits() -> None:
    """For z = sum x^3 two Gauss-Legendre nodes integrate the gradient 3 x^2 exactly: A = x^3 from a zero baseline."""

    class Cube(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return (x * x * x).sum((2, 3))

    model, batch = canonical(Cube()), images(3)
    method = bound(Method.INTEGRATED_GRADIENTS, IntegratedGradientsParameters(steps=2))
    expected = torch.zeros_like(batch.x)
    for i, target in enumerate(batch.targets):
        expected[i, target] = batch.x[i, target] ** 3
    found = build([method], model)(model, batch, seed=0).maps[method.label]
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-13)


def test_completeness_measures_what_is_missing() -> None:
    """A map that lost a tenth has residual 0.1; ReLU kinks leave little at 300 steps, and more at 2."""
    model, batch = convnet(), images()
    residuals = {}
    for steps in (2, 300):
        parameters = IntegratedGradientsParameters(steps=steps)
        method = bound(Method.INTEGRATED_GRADIENTS, parameters)
        maps = build([method], model)(model, batch, seed=0).maps[method.label]
        residuals[steps] = completeness(model, batch, maps, parameters=parameters).mean().item()
    assert residuals[300] < 2e-3 < residuals[2]
    climbed = maps.sum((1, 2, 3), keepdim=True)
    lost = completeness(model, batch, maps - 0.1 * climbed / maps[0].numel(), parameters=parameters)
    torch.testing.assert_close(lost, torch.full_like(lost, 0.1), rtol=0, atol=5e-3)


def test_a_flat_path_is_complete() -> None:
    """Zero over zero is no residual: an image that is the baseline has a zero map, and that is exact."""
    model, batch = convnet(), images(2)
    batch = Batch(torch.zeros_like(batch.x), batch.targets, batch.index, batch.box)
    residual = completeness(model, batch, torch.zeros_like(batch.x), parameters=IntegratedGradientsParameters())
    assert residual.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("kind", "still", "moved"), [("zero", 0.0, 0.0), ("black", 0.0, -1.0), ("mean", 0.5, -0.5), ("custom", 0.25, 0.25)]
)
def test_black_and_mean_move_with_a_constant_shift(kind: str, still: float, moved: float) -> None:
    """Under m = -1 the data's own points move by -1; the zero vector and the user's values stay."""
    values = (0.25, 0.25, 0.25) if kind == "custom" else None
    parameters = IntegratedGradientsParameters.model_validate({"baseline": kind, "baseline_values": values})
    batch = images(2)
    shift = -torch.ones(3, 12, 12, dtype=torch.float64)
    assert baseline(batch, parameters).flatten().tolist() == [still] * 3
    assert baseline(with_shift(batch, shift), parameters).flatten().tolist() == [moved] * 3


def test_black_and_mean_follow_an_uneven_shift_per_channel() -> None:
    """Black takes the least of the shift in each channel, mean its mean."""
    batch, shift = images(2), torch.rand(3, 12, 12, dtype=torch.float64) - 0.5
    moved = with_shift(batch, shift)
    black = baseline(moved, IntegratedGradientsParameters(baseline="black")).flatten()
    mean = baseline(moved, IntegratedGradientsParameters(baseline="mean")).flatten()
    assert black.tolist() == [shift[c].min().item() for c in range(3)]
    expected = torch.stack([0.5 + shift[c].sum() / 144 for c in range(3)])
    torch.testing.assert_close(mean, expected, rtol=1e-12, atol=1e-14)


def test_a_custom_baseline_needs_one_value_per_channel() -> None:
    """Two values for three channels are refused with both numbers."""
    parameters = IntegratedGradientsParameters(baseline="custom", baseline_values=(0.0, 0.0))
    with pytest.raises(InvalidPlan, match="does not fit") as caught:
        refusal(bound(Method.INTEGRATED_GRADIENTS, parameters), convnet())
    assert (caught.value.expected, caught.value.found) == ("3 baseline_values, one per channel", "2")


def test_steps_are_packed_into_passes_of_the_batch_size() -> None:
    """Two images at 9 steps in passes of at most 8 rows are passes of 8, 8 and 2, with the map of one image a time."""
    net = seeded(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(400, 3)))
    model, batch, sizes = canonical(net), images(2), []
    method = bound(Method.INTEGRATED_GRADIENTS, IntegratedGradientsParameters(steps=9))
    expected = build([method], model, batch_size=1)(model, batch, seed=0)
    model.submodule("0").register_forward_pre_hook(lambda module, inputs: sizes.append(len(inputs[0])))
    found = build([method], model, batch_size=8)(model, batch, seed=0)
    assert sizes[:3] == [8, 8, 2]
    torch.testing.assert_close(found.maps[method.label], expected.maps[method.label], rtol=1e-12, atol=1e-13)
