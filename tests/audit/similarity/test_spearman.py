"""Rank correlation against scipy's and against values known by analysis.

Tolerance 1e-12 in float64: a dot product of unit vectors of up to 10^4 terms; 1e-6 where ranks are stored in float32.
"""

import math

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch import Tensor

from junco.audit.similarity import named
from junco.audit.similarity.spearman import cross, paired, prepare


def _noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _tied(*shape: int, seed: int = 0) -> Tensor:
    return (_noise(*shape, seed=seed) * 2).round().relu()


def _scipy(a: Tensor, b: Tensor) -> float:
    return float(spearmanr(a.flatten().numpy(), b.flatten().numpy()).statistic)


@pytest.mark.parametrize("maps", [_noise, _tied])
def test_cross_is_scipys_for_every_pair(maps) -> None:
    """One product gives every map's correlation with every other, ties or not."""
    a, b = maps(4, 17, 23, seed=1), maps(3, 17, 23, seed=2)
    expected = torch.tensor([[_scipy(x, y) for y in b] for x in a], dtype=torch.float64)
    assert torch.allclose(cross(prepare(a, dtype=torch.float64), prepare(b, dtype=torch.float64)), expected, atol=1e-12)
    assert torch.allclose(cross(prepare(a), prepare(b)), expected, atol=1e-6)


def test_float32_storage_is_close_enough_at_full_size() -> None:
    """At 224 x 224 pixels, ranks stored in float32 move no correlation by 1e-6."""
    a = _noise(3, 224, 224)
    b = a + _noise(3, 224, 224, seed=1) * torch.tensor([0.01, 1.0, 100.0], dtype=torch.float64).view(3, 1, 1)
    exact = paired(prepare(a, dtype=torch.float64), prepare(b, dtype=torch.float64))
    assert (paired(prepare(a), prepare(b)) - exact).abs().max() < 1e-6


def test_paired_is_the_diagonal_of_cross() -> None:
    """Pairs and products agree."""
    a, b = prepare(_noise(5, 80)), prepare(_noise(5, 80, seed=1))
    assert torch.allclose(paired(a, b), cross(a, b).diagonal(), atol=1e-12)


@pytest.mark.parametrize(
    "spoilt",
    [
        torch.full((6, 6), 3.0),
        torch.zeros(6, 6),
        torch.full((6, 6), torch.nan),
        torch.arange(36.0).view(6, 6).index_fill(0, torch.tensor([2]), torch.nan),
        torch.arange(36.0).view(6, 6).index_fill(1, torch.tensor([4]), torch.inf),
    ],
    ids=["constant", "zero", "nan", "some nan", "some inf"],
)
def test_a_map_without_order_makes_its_row_and_column_nan_only(spoilt: Tensor) -> None:
    """A degenerate map has no correlation, with anything, and the others keep theirs."""
    maps = torch.stack([torch.rand(6, 6, generator=torch.Generator().manual_seed(0)), spoilt, torch.eye(6)])
    rows = prepare(maps)
    table = cross(rows, rows)
    assert rows[1].isnan().all()
    assert table[1].isnan().all()
    assert table[:, 1].isnan().all()
    assert table[0, 0] == pytest.approx(1, abs=1e-6)
    assert table[0, 2] == pytest.approx(_scipy(maps[0], maps[2]), abs=1e-6)


@pytest.mark.parametrize("shape", [(2, 1, 1), (2, 0, 0)], ids=["one pixel", "no pixel"])
def test_too_few_pixels_have_no_correlation(shape: tuple[int, ...]) -> None:
    """One pixel or none gives NaN, in products and in pairs."""
    rows = prepare(torch.ones(shape))
    assert cross(rows, rows).isnan().all()
    assert paired(rows, rows).isnan().all()
    assert named("spearman")(torch.ones(shape), torch.ones(shape)).isnan().all()


def test_rows_of_different_length_are_refused() -> None:
    """Maps of two resolutions are not compared by accident."""
    with pytest.raises(ValueError, match="one resolution"):
        cross(prepare(_noise(2, 4, 4)), prepare(_noise(2, 5, 5)))
    with pytest.raises(ValueError, match="use cross instead"):
        paired(prepare(_noise(2, 4, 4)), prepare(_noise(3, 4, 4)))


@pytest.mark.parametrize("view", ["spearman", "spearman_flip", "spearman_abs"])
def test_measures_are_scipys(view: str) -> None:
    """Signed, flipped and magnitude views equal scipy's figure of the maps so viewed."""
    a, b = _noise(4, 9, 11), _noise(4, 9, 11, seed=3)
    x, y = (a.abs(), b.abs()) if view == "spearman_abs" else (a, b)
    expected = [_scipy(p, q) for p, q in zip(x, y, strict=True)]
    expected = [abs(value) for value in expected] if view == "spearman_flip" else expected
    assert named(view)(a, b).tolist() == pytest.approx(expected, abs=1e-12)


def test_support_mask_leaves_only_pixels_where_either_map_is_not_zero() -> None:
    """The masked measure is scipy's figure over the union of the supports, image by image."""
    a, b = _tied(6, 8, 8) * _noise(6, 8, 8, seed=5), _tied(6, 8, 8, seed=1)
    expected = []
    for x, y in zip(a.abs(), b.abs(), strict=True):
        support = (x > 0) | (y > 0)
        expected.append(_scipy(x[support], y[support]))
    assert named("spearman_abs_support")(a, b).tolist() == pytest.approx(expected, abs=1e-12)


def test_support_of_fewer_than_two_pixels_has_no_correlation() -> None:
    """Two maps that light up the same single pixel leave nothing to rank."""
    spot = torch.zeros(1, 5, 5).index_put((torch.tensor(0), torch.tensor(2), torch.tensor(2)), torch.tensor(1.0))
    assert named("spearman_abs_support")(spot, spot * 3).isnan().all()
    assert named("spearman_abs")(spot, spot * 3).item() == pytest.approx(1)


def test_monotone_maps_change_nothing_and_a_flip_only_the_sign() -> None:
    """Ranks see order alone; the flip-invariant measure does not see the sign either."""
    a, b = _noise(3, 12, 12), _noise(3, 12, 12, seed=1) + _noise(3, 12, 12)
    rho = named("spearman")(a, b)
    assert torch.allclose(named("spearman")(a.exp(), b**3), rho, atol=1e-12)
    assert torch.allclose(named("spearman")(a, -b), -rho, atol=1e-12)
    assert torch.equal(named("spearman_flip")(a, -b), named("spearman_flip")(a, b))


def test_float32_maps_give_the_float64_figure() -> None:
    """Narrower maps that keep their order keep their correlation."""
    a, b = _noise(3, 12, 12).float(), _noise(3, 12, 12, seed=1).float()
    assert torch.equal(named("spearman")(a, b), named("spearman")(a.double(), b.double()))


def test_unrelated_maps_have_the_analytic_floor() -> None:
    """O8: E|rho| = sqrt(2 / (pi n)), about .80 / sqrt(n); standard error of the mean is 1.2 % here."""
    pixels = 900
    rows = prepare(_noise(90, pixels))
    rho = cross(rows, prepare(_noise(45, pixels, seed=1))).abs()
    assert rho.mean().item() * math.sqrt(pixels) == pytest.approx(math.sqrt(2 / math.pi), rel=0.05)


@pytest.mark.parametrize("share", [0.19, 0.5, 0.8])
def test_magnitudes_on_a_binary_image_correlate_by_ties_alone(share: float) -> None:
    """O10: abs-Spearman of x*u and x*v is 3(1-p)/(3(1-p)+p^2) for binary x; masked to the support it is 0."""
    side, n = 64, 40
    lit = torch.rand(n, side * side, generator=torch.Generator().manual_seed(1)).argsort(dim=1) < share * side * side
    x = lit.double().view(n, side, side)
    a, b = x * _noise(n, side, side), x * _noise(n, side, side, seed=1)
    expected = 3 * (1 - share) / (3 * (1 - share) + share**2)
    masked = 1 / math.sqrt(share * side * side * n)  # standard error of the mean of n null correlations
    assert named("spearman_abs")(a, b).mean().item() == pytest.approx(expected, abs=5 * masked)
    assert named("spearman")(a, b).mean().item() == pytest.approx(0, abs=5 * masked)
    assert named("spearman_abs_support")(a, b).mean().item() == pytest.approx(0, abs=5 * masked)


def test_low_resolution_maps_have_few_degrees_of_freedom() -> None:
    """Ranks of upsampled 7 x 7 noise scatter like 49 values, not like 50176."""
    native = _noise(300, 7, 7)
    rho = cross(prepare(native[:150]), prepare(native[150:]))
    assert np.std(rho.numpy()) == pytest.approx(1 / math.sqrt(48), rel=0.05)
