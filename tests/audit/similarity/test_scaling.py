"""Scalings against numpy, to 1e-12 in float64."""

import numpy as np
import pytest
import torch

from junco.audit.similarity.scaling import lower_quantile, min_max, percentile_clip, signed_unit


def _maps(*shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).standard_t(3, shape))


@pytest.mark.parametrize("pixels", [1, 2, 3, 199, 200, 201, 5000])
@pytest.mark.parametrize("share", [0.0, 0.005, 0.3, 1.0])
def test_quantiles_are_numpys(pixels: int, share: float) -> None:
    """Linear interpolation between neighbours, at any length."""
    rows = _maps(3, pixels)
    assert lower_quantile(rows, share).numpy() == pytest.approx(np.quantile(rows.numpy(), share, axis=1), abs=1e-12)


def test_percentile_clip_is_each_maps_own() -> None:
    """Each map is brought to [0, 1] by its own percentiles, over all its channels."""
    maps = _maps(3, 2, 30, 30) * torch.tensor([1.0, 10.0, 0.01], dtype=torch.float64).view(3, 1, 1, 1)
    for scaled, one in zip(percentile_clip(maps).numpy(), maps.numpy(), strict=True):
        low, high = np.percentile(one, [0.5, 99.5])
        assert scaled == pytest.approx(np.clip((one - low) / (high - low), 0, 1), abs=1e-12)


def test_ranges_are_reached_and_order_is_kept() -> None:
    """Extremes go to the ends of the range, and a value half way to its middle."""
    maps = torch.tensor([[-2.0, 0.0, 2.0], [5.0, 6.0, 9.0]])
    assert min_max(maps).tolist() == [[0, 0.5, 1], [0, 0.25, 1]]
    assert signed_unit(maps).tolist() == [[-1, 0, 1], [-1, -0.5, 1]]


def test_a_map_without_range_has_no_scaled_version() -> None:
    """A constant map becomes NaN, and not 0."""
    assert min_max(torch.full((1, 4, 4), 3.0)).isnan().all()
    assert percentile_clip(torch.full((1, 4, 4), 3.0)).isnan().all()
