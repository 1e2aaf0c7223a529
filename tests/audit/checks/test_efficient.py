"""Entropy of maps."""

import numpy as np
import pytest
import torch
from scipy.stats import entropy

from junco.audit.checks.efficient import BINS, complexity


def test_complexity_is_the_entropy_of_a_hundred_bins() -> None:
    """As scipy computes it from numpy's histogram, in nats."""
    maps = torch.randn(3, 20, 30, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = [entropy(np.histogram(m.numpy(), bins=100)[0]) for m in maps]
    assert complexity(maps) == pytest.approx(expected, rel=1e-12)


def test_flat_histograms_have_the_largest_entropy_and_two_values_the_least() -> None:
    """log 100 for equal counts in all bins, log 2 for two values in equal parts."""
    ramp = torch.arange(1000.0).view(1, 20, 50)
    assert float(complexity(ramp)) == pytest.approx(np.log(BINS))
    assert float(complexity((ramp >= 500).double())) == pytest.approx(np.log(2))


def test_constant_and_broken_maps_have_none() -> None:
    """NaN, so that no quotient is made of them."""
    broken = torch.tensor([[[1.0, 2.0], [3.0, float("inf")]], [[4.0, 4.0], [4.0, 4.0]]])
    assert complexity(broken).isnan().all()
