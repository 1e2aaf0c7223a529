"""input_shift on models that compute in float32 and cannot be edited: the same outputs to the last bit all the same."""

import pytest
import torch
from torch import Tensor

from junco.audit.checks.constructions import prepend
from junco.audit.checks.input_shift import dyadic, grid_of, precondition
from junco.audit.graph import load
from junco.audit.types import Batch, Box, Canonical
from tests.truth import models, opaque


def batch(scale: float, *, dtype: torch.dtype = torch.float32) -> Batch:
    """Images and edges that no float32 grid holds, as wide as ``scale``."""
    x = torch.rand(6, 3, 32, 32, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * scale - scale / 3
    low, high, mean = (torch.full((3,), value * scale) for value in (-1 / 3, 2 / 3, 0.1))
    return Batch(x.to(dtype), torch.zeros(6, dtype=torch.long), tuple(range(6)), Box(low, high, mean))


@pytest.fixture(scope="module")
def onnx() -> Canonical:
    return load(opaque.looped(models.small_cnn()))


@pytest.mark.parametrize("scale", [1.0, 4.7, 255.0, 3e4])
def test_a_shift_is_undone_to_the_last_bit(scale: float) -> None:
    """x + m - m is x in float32 for pixels, edges and shift on the grid, whatever their size.

    What is rounded off is half a step of 2^-16, or a few units in the last place of the largest number.
    """
    given = batch(scale)
    shift = (given.box.low - given.box.high)[:, None, None].expand(3, 32, 32)
    grid = grid_of(given, shift)
    x, m = dyadic(given.x, grid), dyadic(shift, grid)
    assert torch.equal(x + m - m, x)
    assert float((x - given.x).abs().max()) <= max(2.0**-17, scale * 2.0**-22)


def test_off_the_grid_it_is_not() -> None:
    """Without rounding first, float32 loses bits: what the grid is for."""
    given = batch(1.0)
    shift = torch.full((3, 32, 32), -0.7)
    assert not torch.equal(given.x + shift - shift, given.x)


def test_float64_keeps_its_finer_grid() -> None:
    """Differentiable models are as they were."""
    assert grid_of(batch(1.0, dtype=torch.float64), torch.ones(3, 32, 32, dtype=torch.float64)) == 2.0**24


def _shift(given: Batch) -> tuple[Batch, Tensor]:
    shift = -torch.ones(3, 32, 32)
    grid = grid_of(given, shift)
    return Batch(dyadic(given.x, grid), given.targets, given.index, given.box), dyadic(shift, grid)


def test_a_black_box_behind_a_shift_answers_the_same(onnx: Canonical) -> None:
    """Not a bit of difference, on the images and on random inputs; weights stay in sight of the original only."""
    given, shift = _shift(batch(1.0))
    found = precondition(onnx, prepend(onnx, shift), given, shift=shift, seed=0)
    assert found == {"difference": 0.0, "argmax_equal": True}


def test_a_model_that_is_not_compensated_does_not(onnx: Canonical) -> None:
    """The condition can fail: the file as it is, given x + m."""
    given, shift = _shift(batch(1.0))
    assert float(precondition(onnx, onnx, given, shift=shift, seed=0)["difference"]) > 1e-2
