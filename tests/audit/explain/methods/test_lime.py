"""LIME, derived again from its draws."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from junco.audit.explain.methods.lime import coalitions, proximity
from junco.audit.explain.passes import Pass
from junco.contract.catalogue import LimeParameters, Method
from tests.audit.explain.games import explained, game, random_table, shown
from tests.audit.explain.models import bound

TABLE = random_table(2, 9, seed=5)


@pytest.mark.parametrize(("ridge", "width"), [(1.0, 0.25), (0.01, 0.6)])
def test_the_map_is_a_weighted_ridge_regression_of_its_samples(ridge: float, width: float) -> None:
    """scikit-learn's Ridge on the same coalitions, gains from the table, weights by the authors' formula."""
    parameters = LimeParameters(segments=9, samples=80, ridge=ridge, kernel_width=width)
    model, batch = game(TABLE, side=3), shown()
    found = explained(model, batch, bound(Method.LIME, parameters), seed=4).flatten(1).numpy()
    drawn = coalitions(Pass(model, batch, seed=4), parameters).numpy()
    assert drawn[:, 0].all()
    for image, z in enumerate(drawn):
        gains = TABLE[image][(z * 2 ** np.arange(9)).sum(1)]
        norm = np.sqrt(z.sum(1))
        cosine = np.divide(z.sum(1), norm * 3, out=np.zeros(len(z)), where=norm > 0)
        weights = np.sqrt(np.exp(-((1 - cosine) ** 2) / width**2))
        expected = Ridge(alpha=ridge).fit(z.astype(float), gains, weights).coef_
        np.testing.assert_allclose(found[image], expected, rtol=1e-9, atol=1e-11)


def test_the_whole_image_counts_most() -> None:
    """Weights fall as segments are hidden; segments that are no players are not counted."""
    players = torch.tensor([[True, True, True, False]])
    some = torch.tensor([[[True, True, True, False], [True, True, False, False], [False] * 4]])
    weights = proximity(some, players, width=0.25)[0]
    assert weights[0] == 1
    assert weights[0] > weights[1] > weights[2] > 0


def test_captum_comes_to_the_same_coefficients() -> None:
    """Captum's Lime, with draws of its own and equal weights, on a nearly additive game: correlation above .99."""
    from captum._utils.models.linear_model import SkLearnRidge
    from captum.attr import Lime

    bits = (np.arange(512)[:, None] >> np.arange(9)) & 1
    table = (bits @ np.linspace(-1, 1, 9) + 0.1 * TABLE[0])[None]
    parameters = LimeParameters(segments=9, samples=1500, ridge=1e-3, kernel_width=10.0)
    model, batch = game(table, side=3), shown(1, targets=(0,))
    ours = explained(model, batch, bound(Method.LIME, parameters))[0].flatten()
    mask = torch.arange(9).view(1, 1, 3, 3).repeat_interleave(2, 2).repeat_interleave(2, 3)
    alike = {"interpretable_model": SkLearnRidge(alpha=1e-3), "similarity_func": lambda *a, **k: 1.0}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        asked = {"target": 0, "feature_mask": mask, "n_samples": 1000, "perturbations_per_eval": 64}
        theirs = Lime(model.module, **alike).attribute(batch.x, **asked)
    found = theirs[0, 0, ::2, ::2].flatten().double()
    assert torch.corrcoef(torch.stack([ours, found]))[0, 1] > 0.99
