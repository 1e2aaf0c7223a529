"""O3 and the rules of the input-shift check: f2(x + m) = f1(x), and what each method makes of it."""

import pytest
import torch
from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.explain import build
from junco.contract.catalogue import Control, IntegratedGradientsParameters, Method
from tests.audit.explain.models import bound, convnet, images, shifted

# Dyadic values, so that x + m - m is x to the last bit for images on the same grid.
CONSTANT = -torch.ones(3, 12, 12, dtype=torch.float64)
CHECKERBOARD = (torch.arange(12)[:, None] + torch.arange(12)).remainder(2).double().expand(3, 12, 12) - 0.5

INVARIANT = [Method.GRADIENT, Method.GUIDED_BACKPROP, Method.GRAD_CAM, Method.GUIDED_GRAD_CAM]


def on_grid() -> Batch:
    """Images of multiples of 1/256."""
    batch = images()
    return Batch((batch.x * 256).round() / 256, batch.targets, batch.index, batch.box)


def pair(method: Method | Control, shift: Tensor, **parameters: object) -> tuple[Tensor, Tensor]:
    """The method's maps before the shift and after."""
    model, batch = convnet(), on_grid()
    chosen = IntegratedGradientsParameters.model_validate(parameters) if parameters else None
    explain = build([bound(method, chosen, label="it")], model)
    moved = Batch(batch.x + shift, batch.targets, batch.index, batch.box, shift)
    before, after = explain(model, batch, seed=2), explain(shifted(model, shift), moved, seed=2)
    assert torch.equal(before.logits, after.logits)
    return before.maps["it"], after.maps["it"]


@pytest.mark.parametrize("shift", [CONSTANT, CHECKERBOARD], ids=["constant", "checkerboard"])
@pytest.mark.parametrize("method", INVARIANT)
def test_the_gradient_family_does_not_see_the_shift(method: Method, shift: Tensor) -> None:
    """Not a bit changes where the compensated input is the same to the last bit."""
    before, after = pair(method, shift)
    assert torch.equal(before, after)


@pytest.mark.parametrize("shift", [CONSTANT, CHECKERBOARD], ids=["constant", "checkerboard"])
def test_smoothgrad_shares_its_noise_and_scale(shift: Tensor) -> None:
    """The noisy points agree to float64 rounding, hence the maps do; the range is the unshifted image's."""
    before, after = pair(Method.SMOOTHGRAD, shift)
    torch.testing.assert_close(after, before, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("shift", [CONSTANT, CHECKERBOARD], ids=["constant", "checkerboard"])
def test_input_times_gradient_moves_by_the_gradient_times_the_shift(shift: Tensor) -> None:
    """The difference is exactly grad * m, and larger than half the map."""
    before, after = pair(Method.INPUT_X_GRADIENT, shift)
    slope, _ = pair(Method.GRADIENT, shift)
    torch.testing.assert_close(after - before, slope * shift, rtol=1e-12, atol=1e-13)
    assert (after - before).abs().max() > 0.5 * before.abs().max()


@pytest.mark.parametrize(
    ("baseline", "shift", "stays"),
    [
        ("zero", CONSTANT, False),
        ("zero", CHECKERBOARD, False),
        ("black", CONSTANT, True),
        ("black", CHECKERBOARD, False),
        ("mean", CONSTANT, True),
        ("mean", CHECKERBOARD, False),
        ("custom", CONSTANT, False),
    ],
)
def test_integrated_gradients_stay_iff_the_baseline_moves_along(baseline: str, shift: Tensor, *, stays: bool) -> None:
    """Kindermans et al. 2017, figures 2 to 5: zero fails, black passes a constant shift and fails a checkerboard."""
    values = {"baseline_values": (0.25, 0.25, 0.25)} if baseline == "custom" else {}
    before, after = pair(Method.INTEGRATED_GRADIENTS, shift, baseline=baseline, **values)
    distance = ((after - before).abs().max() / before.abs().max()).item()
    assert distance < 1e-9 if stays else distance > 0.05


def test_a_constant_shift_leaves_the_edge_detector_alone() -> None:
    """Continued borders: the Sobel map has no frame under a constant shift (float64 rounding), O7."""
    before, after = pair(Control.EDGE_DETECTOR, CONSTANT)
    torch.testing.assert_close(after, before, rtol=0, atol=1e-14)
