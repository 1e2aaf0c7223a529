"""Pearson correlation against scipy's, to 1e-12 in float64."""

import pytest
import torch
from scipy.stats import pearsonr

from junco.audit.similarity import named


@pytest.mark.parametrize("shape", [(4, 9, 7), (3, 2, 9, 7)])
def test_pearson_is_scipys(shape: tuple[int, ...]) -> None:
    """Over all pixels and channels of each pair, far from zero as well as near."""
    generator = torch.Generator().manual_seed(0)
    a = torch.randn(shape, generator=generator, dtype=torch.float64) + 1e3
    b = a + torch.randn(shape, generator=generator, dtype=torch.float64)
    expected = [pearsonr(x.flatten(), y.flatten()).statistic for x, y in zip(a.numpy(), b.numpy(), strict=True)]
    assert named("pearson")(a, b).tolist() == pytest.approx(expected, abs=1e-12)
