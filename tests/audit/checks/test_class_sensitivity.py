"""class_sensitivity on networks whose maps are known, and on maps that cannot tell classes apart."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch import Tensor, nn

from junco.audit.batch import Batch
from junco.audit.checks.class_sensitivity import ClassStudy, rivals, run
from junco.audit.explain import build
from junco.audit.explanation import Explainer
from junco.audit.maps import Comparison
from junco.audit.model import Canonical
from junco.audit.partial import Partial
from junco.audit.similarity.spearman import cross, prepare
from junco.contract.catalogue import Control, Method, Rival
from tests.audit.checks.fakes import NOISY, SIGNED, UNSIGNED, Fake, by_image, normal
from tests.audit.explain.models import bound, canonical, images, seeded

COMPARISON = Comparison(prepare=prepare, cross=cross)
CLASSES, DRAWS = 6, 4


def linear() -> Canonical:
    """z = W x, whose gradient for class c is W_c for every image."""
    return canonical(seeded(nn.Sequential(nn.Flatten(), nn.Linear(3 * 12 * 12, CLASSES))))


def measured(model: Canonical, explainer: Explainer, batch: Batch, *, stochastic: Explainer | None = None) -> Partial:
    """The check on ``batch``."""
    return run(ClassStudy(model, explainer, stochastic, COMPARISON, seed=3, draws=DRAWS), batch)


def predicted(model: Canonical, batch: Batch) -> Batch:
    """``batch`` with the model's own predictions for targets."""
    return replace(batch, targets=model(batch.x).argmax(1))


@pytest.fixture
def found() -> tuple[Canonical, Batch, Partial]:
    """The plain gradient of the linear network on eight images."""
    model = linear()
    batch = predicted(model, images(8))
    return model, batch, measured(model, build([bound(Method.GRADIENT)], model), batch)


def test_similarity_is_that_of_the_two_classes_weights(found: tuple[Canonical, Batch, Partial]) -> None:
    """|Spearman| of W_c and W_c', summed over channels, by scipy; the floor is its mean over the other images."""
    model, batch, partial = found
    weight = next(p for p in model.module.parameters() if p.dim() == 2).view(CLASSES, 3, 144).sum(1).detach().numpy()
    for rival, draw in ((Rival.LEAST, "0"), (Rival.SECOND, "0"), (Rival.RANDOM, "2")):
        theirs = partial.arrays["targets", rival, draw]
        table = [[abs(spearmanr(weight[c], weight[d]).statistic) for d in theirs] for c in batch.targets]
        np.testing.assert_allclose(partial.arrays["gradient", rival, draw, "rho"], np.diag(table), atol=1e-6)
        floor = [np.mean(np.delete(row, i)) for i, row in enumerate(table)]
        np.testing.assert_allclose(partial.arrays["gradient", rival, draw, "floor"], floor, atol=1e-6)


def test_rivals_are_the_second_and_the_least_likely_class(found: tuple[Canonical, Batch, Partial]) -> None:
    """By the logits' order where the target is the prediction; never the target where it is not."""
    model, batch, partial = found
    order = np.argsort(partial.arrays["logits", "original"], axis=1)
    np.testing.assert_array_equal(partial.arrays["targets", Rival.SECOND, "0"], order[:, -2])
    np.testing.assert_array_equal(partial.arrays["targets", Rival.LEAST, "0"], order[:, 0])
    asked = replace(batch, targets=torch.from_numpy(order[:, 0].copy()))
    others = {rival: targets for rival, draw, targets in rivals(model(batch.x), asked, seed=3, draws=1)}
    np.testing.assert_array_equal(others[Rival.SECOND], order[:, -1])
    np.testing.assert_array_equal(others[Rival.LEAST], order[:, 1])


def test_random_rivals_are_uniform_over_the_other_classes() -> None:
    """Over 600 draws each of five classes comes 120 times, give or take four standard deviations of 9.8."""
    batch = replace(images(6), targets=torch.tensor([0, 1, 2, 3, 4, 5]))
    logits = torch.zeros(6, CLASSES, dtype=torch.float64)
    drawn = [targets for rival, _, targets in rivals(logits, batch, seed=0, draws=100) if rival is Rival.RANDOM]
    steps = Counter(int(s) for targets in drawn for s in (targets - batch.targets) % CLASSES)
    assert set(steps) == {1, 2, 3, 4, 5}
    assert max(abs(count - 120) for count in steps.values()) < 40


def test_a_draw_belongs_to_the_image_and_not_to_the_batch() -> None:
    """Half the images in the other order: the same rivals for the same images."""
    batch = replace(images(6), targets=torch.arange(6) % CLASSES)
    logits = torch.zeros(6, CLASSES, dtype=torch.float64)
    whole = [t for rival, _, t in rivals(logits, batch, seed=1, draws=2) if rival is Rival.RANDOM]
    part = replace(batch, x=batch.x[[4, 1]], targets=batch.targets[[4, 1]], index=(batch.index[4], batch.index[1]))
    again = [t for rival, _, t in rivals(logits[:2], part, seed=1, draws=2) if rival is Rival.RANDOM]
    assert [t[[4, 1]].tolist() for t in whole] == [t.tolist() for t in again]


def test_a_map_that_never_asks_for_the_class_stays_as_it_is() -> None:
    """The edge detector gives one map for every class: similarity 1 for every rival."""
    model = linear()
    partial = measured(model, build([bound(Control.EDGE_DETECTOR)], model), predicted(model, images(5)))
    for rival in Rival:
        np.testing.assert_allclose(partial.arrays["edge_detector", rival, "0", "rho"], 1.0, atol=1e-6)


def test_a_sign_that_turns_with_the_class_hides_nothing() -> None:
    """A signed map times -1 for odd classes is the same map; an unsigned one that is turned over is another map."""

    def turned(_model: Canonical, batch: Batch, _seed: int) -> Tensor:
        signs = 1.0 - 2.0 * (batch.targets % 2).double()
        return by_image(batch, lambda i: normal(i, shape=(1, 12, 12))) * signs[:, None, None, None]

    model, fake = linear(), Fake({"signed": (SIGNED, turned), "unsigned": (UNSIGNED, turned)})
    batch = replace(images(6), targets=torch.zeros(6, dtype=torch.int64))
    partial = measured(model, fake, batch)
    odd = partial.arrays["targets", Rival.RANDOM, "0"] % 2 == 1
    assert odd.any()
    np.testing.assert_allclose(partial.arrays["signed", Rival.RANDOM, "0", "rho"], 1.0, atol=1e-6)
    np.testing.assert_allclose(partial.arrays["unsigned", Rival.RANDOM, "0", "rho"][odd], -1.0, atol=1e-6)


@pytest.mark.parametrize("noisy", [True, False])
def test_the_ceiling_is_the_methods_own_noise(noisy: bool) -> None:
    """A method that draws anew has the ceiling of unrelated maps; one that repeats itself has 1."""
    model = linear()

    def drawn(_model: Canonical, batch: Batch, seed: int) -> Tensor:
        return by_image(batch, lambda i: normal(i, seed if noisy else 0, shape=(1, 12, 12)))

    fake = Fake({"m": (NOISY if noisy else SIGNED, drawn)})
    partial = measured(model, fake, predicted(model, images(8)), stochastic=fake if noisy else None)
    ceiling = partial.arrays["m", "original", "ceiling"].mean()
    assert ceiling < 0.2 if noisy else ceiling == pytest.approx(1.0, abs=1e-6)


def test_maps_without_ranks_are_counted() -> None:
    """A map that is empty for one class has no similarity there, and is degenerate, not zero or one."""
    model = linear()

    def empty(_model: Canonical, batch: Batch, _seed: int) -> Tensor:
        keep = (batch.targets == 0).double()[:, None, None, None]
        return by_image(batch, lambda i: normal(i, shape=(1, 12, 12))) * keep

    partial = measured(
        model, Fake({"m": (SIGNED, empty)}), replace(images(4), targets=torch.zeros(4, dtype=torch.int64))
    )
    assert np.isnan(partial.arrays["m", Rival.LEAST, "0", "rho"]).all()
    assert (partial.arrays["m", Rival.LEAST, "0", "degenerate"] == 1).all()
