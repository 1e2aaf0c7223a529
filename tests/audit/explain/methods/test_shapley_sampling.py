"""Shapley value sampling against Shapley values by brute force."""

import numpy as np
import torch

from junco.audit.explain.methods.shapley_sampling import orders
from junco.audit.explain.passes import Pass
from junco.contract.catalogue import Method, ShapleySamplingParameters
from tests.audit.explain.games import explained, game, random_table, shapley, shown
from tests.audit.explain.models import bound

TABLE = random_table(2, 9, seed=3)
TRUTH = np.stack([shapley(gains, players=9) for gains in TABLE])


def parameters(permutations: int) -> ShapleySamplingParameters:
    """Nine segments."""
    return ShapleySamplingParameters(segments=9, permutations=permutations)


def test_the_map_is_the_mean_over_its_orders() -> None:
    """A naive walk through the same orders, looked up in the table, to float64 rounding; the sum is exact."""
    model, batch, chosen = game(TABLE, side=3), shown(), parameters(7)
    found = explained(model, batch, bound(Method.SHAPLEY_SAMPLING, chosen), seed=4).flatten(1).numpy()
    ranks = orders(Pass(model, batch, seed=4), chosen)
    expected = np.zeros((2, 9))
    for image in range(2):
        for order in ranks[image].argsort(dim=1).tolist():
            bits = 0
            for j in order:
                expected[image, j] += (TABLE[image][bits + 2**j] - TABLE[image][bits]) / 7
                bits += 2**j
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(found.sum(1), TABLE[:, -1] - TABLE[:, 0], rtol=0, atol=1e-12)


def test_many_orders_converge_to_the_shapley_values() -> None:
    """400 orders in four seeds: within 4.5 standard errors of the truth, which fall as one over the root."""
    model, batch = game(TABLE, side=3), shown()
    ask = bound(Method.SHAPLEY_SAMPLING, parameters(400))
    maps = torch.stack([explained(model, batch, ask, seed=s).flatten(1) for s in range(4)])
    # One order's contributions have a standard deviation below 2: gains are standard normal.
    assert (maps.mean(0).numpy() - TRUTH).__abs__().max() < 4.5 * 2 / 1600**0.5


def test_captum_walks_the_same_way() -> None:
    """Captum's ShapleyValueSampling nears the same values with orders of its own: within 4.5 standard errors."""
    from captum.attr import ShapleyValueSampling

    model, batch = game(TABLE, side=3), shown()
    mask = torch.arange(9).view(1, 1, 3, 3).repeat_interleave(2, 2).repeat_interleave(2, 3)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        theirs = ShapleyValueSampling(model.module).attribute(
            batch.x[:1], target=0, feature_mask=mask, n_samples=400, perturbations_per_eval=1
        )
    assert np.abs(theirs[0, 0, ::2, ::2].flatten().numpy() - TRUTH[0]).max() < 4.5 * 2 / 400**0.5
