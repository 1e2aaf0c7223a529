"""Which coalitions Kernel SHAP asks about."""

from itertools import product
from math import comb

import pytest
import torch

from junco.audit.explain.shapley_kernel import design


def noise(planned_pairs: int, count: int) -> torch.Tensor:
    """Uniform noise of one image."""
    shape = (1, planned_pairs, count + 1)
    return torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize("count", [2, 3, 4, 5, 8])
def test_samples_enough_for_all_list_every_coalition_once(count: int) -> None:
    """All 2^M - 2 of them, each with the weight of the Shapley kernel over its sum."""
    planned = design(count, 2**count - 2)
    shown = planned.coalitions(noise(planned.pairs, count))[0]
    every = {bits for bits in product([False, True], repeat=count) if 0 < sum(bits) < count}
    assert {tuple(row) for row in shown.tolist()} == every
    assert len(shown) == len(every)
    kernel = torch.tensor([1 / (comb(count, s) * s * (count - s)) for s in shown.sum(1).tolist()], dtype=torch.float64)
    torch.testing.assert_close(planned.weights(), kernel / kernel.sum(), rtol=1e-12, atol=0)


@pytest.mark.parametrize(("count", "samples"), [(9, 40), (9, 41), (16, 100), (49, 498), (49, 105), (10, 700)])
def test_a_design_keeps_its_budget_and_the_kernels_masses(count: int, samples: int) -> None:
    """As many coalitions as samples, none empty or whole, weights that sum to 1; listed sizes have their exact mass."""
    planned = design(count, samples)
    shown, weights = planned.coalitions(noise(planned.pairs, count))[0], planned.weights()
    assert shown.shape == (samples, count)
    assert weights.sum().item() == pytest.approx(1, abs=1e-12)
    sizes = shown.sum(1)
    assert 0 < sizes.min() <= sizes.max() < count
    for size in planned.listed:
        assert weights[sizes == size].sum().item() == pytest.approx(planned.masses[size], abs=1e-12)


def test_random_coalitions_come_with_their_complements() -> None:
    """And their sizes with the frequencies of the kernel, within 4.5 standard errors."""
    planned = design(20, 4_000)
    random = planned.coalitions(noise(planned.pairs, 20))[0][-planned.samples :]
    assert torch.equal(random[0::2], ~random[1::2])
    sizes, rest = random[0::2].sum(1), sum(planned.masses[size] for size in planned.drawn)
    for size in planned.drawn:
        share = planned.masses[size] / rest
        error = (share * (1 - share) / len(sizes)) ** 0.5
        assert abs((sizes == size).double().mean().item() - share) < 4.5 * error
