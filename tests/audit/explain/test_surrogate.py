"""Weighted least squares over coalitions, against other people's solvers."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from torch import Tensor

from junco.audit.explain.surrogate import Sample, constrained, ridge


def drawn(k: int = 40, m: int = 6, *, players: Tensor | None = None) -> tuple[Sample, Tensor]:
    """Three images' coalitions with random gains."""
    generator = torch.Generator().manual_seed(0)
    shown = torch.rand(3, k, m, generator=generator) < 0.5
    weights = torch.rand(3, k, generator=generator, dtype=torch.float64) + 0.1
    gains = torch.randn(3, k, generator=generator, dtype=torch.float64)
    everyone = torch.ones(3, m, dtype=torch.bool) if players is None else players
    return Sample(shown, weights, everyone), gains


@pytest.mark.parametrize("penalty", [1e-9, 0.5, 30.0])
def test_ridge_is_scikit_learns(penalty: float) -> None:
    """The same coefficients as Ridge with weights and a free intercept, to float64 rounding."""
    sample, gains = drawn()
    found = ridge(sample, gains, penalty=penalty)
    for i in range(3):
        theirs = Ridge(alpha=penalty).fit(sample.shown[i].numpy(), gains[i].numpy(), sample.weights[i].numpy())
        np.testing.assert_allclose(found[i].numpy(), theirs.coef_, rtol=1e-9, atol=1e-11)


def test_segments_that_are_no_players_get_exactly_nothing() -> None:
    """Their coefficients are 0, and the others' as if those columns were not there."""
    players = torch.tensor([[True, True, False, True, True, False]] * 3)
    sample, gains = drawn(players=players)
    smaller = Sample(sample.shown[..., players[0]], sample.weights, players[:, players[0]])
    for solve in (lambda s: ridge(s, gains, penalty=0.0), lambda s: constrained(s, gains, total=gains[:, 0])):
        found = solve(sample)
        assert found[:, ~players[0]].abs().max() == 0
        torch.testing.assert_close(found[:, players[0]], solve(smaller), rtol=1e-10, atol=1e-12)


def test_constrained_least_squares_solve_the_kkt_system() -> None:
    """The same as Lagrange's equations, and the sum is the total to float64 rounding."""
    sample, gains = drawn()
    total = torch.tensor([2.0, -1.0, 0.5], dtype=torch.float64)
    found = constrained(sample, gains, total=total)
    torch.testing.assert_close(found.sum(1), total, rtol=0, atol=1e-13)
    for i in range(3):
        z, w = sample.shown[i].double().numpy(), sample.weights[i].numpy()
        system = np.block([[z.T @ (z * w[:, None]), np.ones((6, 1))], [np.ones((1, 6)), np.zeros((1, 1))]])
        right = np.append(z.T @ (w * gains[i].numpy()), total[i].item())
        np.testing.assert_allclose(found[i].numpy(), np.linalg.solve(system, right)[:6], rtol=1e-9, atol=1e-11)


def test_gains_of_nothing_give_exactly_nothing() -> None:
    """No rounding that could be ranked: a model that never changes its mind has a constant map."""
    sample, gains = drawn()
    nothing = torch.zeros_like(gains)
    assert ridge(sample, nothing, penalty=1.0).abs().max() == 0
    assert constrained(sample, nothing, total=nothing[:, 0]).abs().max() == 0
