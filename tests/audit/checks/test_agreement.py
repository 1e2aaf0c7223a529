"""The condition of input_shift holds where the constructions are exact, and only there."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from junco.audit.batch import Batch
from junco.audit.checks.agreement import agreement, probed
from junco.audit.checks.constructions import prepend
from junco.audit.checks.dyadic import dyadic, grid_of
from junco.audit.graph import load
from junco.audit.model import Canonical
from junco.contract.thresholds import Thresholds
from tests.audit.checks.shifting import float64, images, shifts, valid_conv
from tests.audit.explain.models import canonical, seeded
from tests.truth import models, opaque


def precondition(
    model: Canonical, twin: Canonical, batch: Batch, *, shift: Tensor, random_inputs: int = 16
) -> Mapping[str, float | bool]:
    """As the check looks at one of its twins."""
    seen = probed(model, batch, seed=0, grid=grid_of(batch, shift), random_inputs=random_inputs)
    return agreement(seen, twin, shift)


def naive(model: Canonical, shift: Tensor) -> Canonical:
    """The paper's construction taken to convolutions: b2 = b1 - sum over the window of W m."""
    module = copy.deepcopy(model.module)
    assert model.first_linear is not None
    conv = module.get_submodule(model.first_linear)
    assert isinstance(conv, nn.Conv2d)
    assert conv.bias is not None
    with torch.no_grad():
        conv.bias -= (conv.weight.sum((2, 3)) * shift[:, 0, 0]).sum(1)
    return model.with_module(module)


@pytest.mark.parametrize(("build_", "exact"), [(models.small_cnn, False), (models.residual, False), (valid_conv, True)])
def test_the_naive_bias_is_caught_by_the_precondition(build_: Callable[[], nn.Module], *, exact: bool) -> None:
    """Wrong on the border ring of a zero-padded convolution, right on a valid one; 1e-5 is the product's limit."""
    model, batch = float64(build_, models.IMAGE), images(models.IMAGE)
    for kind in ("constant", "channels"):
        shift = shifts(models.IMAGE)[kind]
        found = precondition(model, naive(model, shift), batch, shift=shift)
        assert (found["difference"] <= Thresholds().shift_precondition) is exact
        assert found["argmax_equal"] or not exact


def test_the_precondition_also_looks_beyond_the_images() -> None:
    """A twin that is right on black images only is caught on random inputs."""
    model = float64(models.small_cnn, models.IMAGE)
    batch = images(models.IMAGE)
    black = replace(batch, x=torch.zeros_like(batch.x))
    shift = torch.zeros(models.IMAGE, dtype=torch.float64)
    module = copy.deepcopy(model.module)
    with torch.no_grad():
        conv = module.get_submodule(str(model.first_linear))
        assert isinstance(conv, nn.Conv2d)
        conv.weight += 0.3  # no effect on black
    twin = model.with_module(module)
    assert torch.allclose(twin(black.x), model(black.x), atol=1e-12)
    assert precondition(model, twin, black, shift=shift)["difference"] > 1e-3
    assert precondition(model, twin, black, shift=shift, random_inputs=0)["difference"] < 1e-12


def test_a_changed_prediction_is_told() -> None:
    """Outputs that are close and cross: argmax_equal is false."""
    model = canonical(seeded(nn.Sequential(nn.Flatten(), nn.Linear(4, 2))), (1, 2, 2))
    with torch.no_grad():
        linear = model.submodule("1")
        assert isinstance(linear, nn.Linear)
        linear.weight[1] = linear.weight[0]
        linear.bias.copy_(torch.tensor([1e-9, 0.0]))
    other = copy.deepcopy(model.module)
    with torch.no_grad():
        other.get_parameter("1.bias").copy_(torch.tensor([0.0, 1e-9]))
    shift = torch.zeros(1, 2, 2, dtype=torch.float64)
    found = precondition(model, model.with_module(other), images((1, 2, 2)), shift=shift)
    assert found["difference"] < 1e-5
    assert found["argmax_equal"] is False


@pytest.fixture(scope="module")
def onnx() -> Canonical:
    return load(opaque.looped(models.small_cnn()))


def gridded() -> tuple[Batch, Tensor]:
    """Images that no float32 grid holds and a shift, as the check rounds them."""
    given, shift = images(models.IMAGE), -torch.ones(models.IMAGE)
    given = replace(given, x=(given.x / 3 - 1 / 7).float())
    grid = grid_of(given, shift)
    return Batch(dyadic(given.x, grid), given.targets, given.index, given.box), dyadic(shift, grid)


def test_a_black_box_behind_a_shift_answers_the_same(onnx: Canonical) -> None:
    """Not a bit of difference, on the images and on random inputs; weights stay in sight of the original only."""
    given, shift = gridded()
    found = precondition(onnx, prepend(onnx, shift), given, shift=shift)
    assert found == {"difference": 0.0, "argmax_equal": True}


def test_a_model_that_is_not_compensated_does_not(onnx: Canonical) -> None:
    """The condition can fail: the file as it is, given x + m."""
    given, shift = gridded()
    assert float(precondition(onnx, onnx, given, shift=shift)["difference"]) > 1e-2
