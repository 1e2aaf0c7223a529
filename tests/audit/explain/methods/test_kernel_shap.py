"""Kernel SHAP against Shapley values by brute force."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from junco.contract.catalogue import KernelShapParameters, Method
from tests.audit.explain.games import Table, explained, game, random_table, shapley, shown
from tests.audit.explain.models import bound

ALL = KernelShapParameters(segments=9, samples=512)
FOUR = KernelShapParameters(segments=4, samples=16)


def values(table: Table, parameters: KernelShapParameters, *, seed: int = 0) -> Table:
    """The map of each of two images' class as [2, segments]."""
    side = parameters.side
    maps = explained(game(table, side=side), shown(side=side), bound(Method.KERNEL_SHAP, parameters), seed=seed)
    return maps.flatten(1).numpy()


def test_all_coalitions_give_the_shapley_values() -> None:
    """Nine players, random gains with interactions of every order: equal to the sum over coalitions to 1e-9."""
    table = random_table(2, 9, seed=1)
    expected = np.stack([shapley(gains, players=9) for gains in table])
    np.testing.assert_allclose(values(table, ALL), expected, rtol=0, atol=1e-9)


def test_more_coalitions_come_closer_without_bias() -> None:
    """Twenty seeds: within 4.5 standard errors of the truth in the mean; half the distance with eight times as many."""
    table = random_table(2, 9, seed=1)
    expected = np.stack([shapley(gains, players=9) for gains in table])
    apart = []
    for samples in (40, 320):
        few = KernelShapParameters(segments=9, samples=samples)
        runs = np.stack([values(table, few, seed=seed) for seed in range(20)])
        np.testing.assert_allclose(runs.sum(2), np.broadcast_to(expected.sum(1), (20, 2)), rtol=0, atol=1e-12)
        apart.append(np.abs(runs - expected).mean())
        error = runs.std(0, ddof=1) / 20**0.5
    assert (np.abs(runs.mean(0) - expected) < 4.5 * error).all()
    assert apart[1] < 0.5 * apart[0]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=16, max_size=16), st.integers(0, 3))
def test_the_axioms_hold_in_any_game(gains: list[float], dummy: int) -> None:
    """Efficiency, and nothing for a player that never changes the gain; to float64 rounding."""
    table = np.array(gains)
    kept = np.array([bits & ~(1 << dummy) for bits in range(16)])
    found = values(np.stack([table, table[kept]]), FOUR)
    assert found[0].sum() == pytest.approx(table[15] - table[0], abs=1e-11)
    assert found[1, dummy] == pytest.approx(0, abs=1e-11)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=16, max_size=16))
def test_players_that_are_alike_get_the_same(gains: list[float]) -> None:
    """A game in which players 0 and 1 may change places."""
    table = np.array(gains)
    swapped = np.array([(b & ~3) | ((b & 1) << 1) | ((b >> 1) & 1) for b in range(16)])
    found = values(np.stack([table + table[swapped]] * 2), FOUR)
    assert found[0, 0] == pytest.approx(found[0, 1], abs=1e-11)


def test_captum_agrees() -> None:
    """Captum's KernelShap nears the same values, from samples of its own: within .1 of the largest with 4 000."""
    from captum.attr import KernelShap

    table = random_table(2, 4, seed=2)
    model, batch = game(table, side=2), shown(side=2)
    ours = explained(model, batch, bound(Method.KERNEL_SHAP, FOUR))
    mask = torch.arange(4).view(1, 1, 2, 2).repeat_interleave(2, 2).repeat_interleave(2, 3)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        theirs = KernelShap(model.module).attribute(
            batch.x[:1], target=0, feature_mask=mask, n_samples=4000, perturbations_per_eval=64
        )
    found = theirs[0, 0, ::2, ::2].flatten().double()
    assert (found - ours[0].flatten()).abs().max() < 0.1 * ours[0].abs().max()
