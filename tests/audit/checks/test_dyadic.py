"""Pixels and shifts that float32 and float64 hold exactly: x + m - m is x to the last bit."""

import pytest
import torch

from junco.audit.batch import Batch, Box
from junco.audit.checks.dyadic import dyadic, grid_of


def batch(scale: float, *, dtype: torch.dtype = torch.float32) -> Batch:
    """Images and edges that no float32 grid holds, as wide as ``scale``."""
    x = torch.rand(6, 3, 32, 32, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * scale - scale / 3
    low, high, mean = (torch.full((3,), value * scale) for value in (-1 / 3, 2 / 3, 0.1))
    return Batch(x.to(dtype), torch.zeros(6, dtype=torch.long), tuple(range(6)), Box(low, high, mean))


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
