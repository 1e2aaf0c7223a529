"""data_randomization on maps whose fate is known: what is compared with what, and what the lessons differ in."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.checks.data_randomization import LabelStudy, run, taught
from junco.audit.checks.training import School
from junco.audit.maps import Comparison
from junco.audit.model import Canonical
from junco.audit.partial import Partial
from junco.audit.similarity.spearman import cross, prepare
from junco.contract.catalogue import Lesson
from junco.contract.training import Training, TrainingRecipe
from tests.audit.checks.fakes import NOISY, SIGNED, Fake, Map, by_image, edges, network, normal
from tests.audit.explain.models import images

N, LEARNED = 8, 24


def study(fake: Fake, *, noisy: Fake | None = None, ticks: list[int] | None = None) -> LabelStudy:
    """The check around hand-made maps; one epoch, since these maps ask for the network and not for what it knows."""
    training = Training(recipe=TrainingRecipe(epochs=1), epochs=1, seeds=1, held_out=N, learned=tuple(range(LEARNED)))
    tick = (ticks if ticks is not None else []).append
    school = School(images(LEARNED).x, torch.arange(LEARNED) % 4, training, tick=tick)
    return LabelStudy(network(), fake, noisy, Comparison(prepare, cross), school, seed=5, tick=tick)


def batch() -> Batch:
    """Eight images with labels for targets."""
    return replace(images(N), targets=torch.arange(N) % 4)


def measured(draw: Map, *, noisy: bool = False) -> Partial:
    """The check on one hand-made method."""
    fake = Fake({"m": (NOISY if noisy else SIGNED, draw)})
    return run(study(fake, noisy=fake if noisy else None), batch(), 0, keep=2)


def by_network(model: Canonical, batch: Batch, _seed: int) -> Tensor:
    """Another map for every network and every image."""
    weight = float(next(model.module.parameters()).sum())
    return by_image(batch, lambda i: normal(i, int(abs(weight) * 1e6), shape=(1, 12, 12)))


def test_similarities_are_those_of_the_three_networks_maps() -> None:
    """|Spearman| by scipy between the kept maps of true and twin, and of true and permuted."""
    partial = measured(by_network)
    maps = {lesson: partial.arrays["m", lesson, "maps"].reshape(2, -1) for lesson in Lesson}
    for lesson, name in ((Lesson.TWIN, "twin"), (Lesson.PERMUTED, "rho")):
        wanted = [abs(spearmanr(a, b).statistic) for a, b in zip(maps[Lesson.TRUE], maps[lesson], strict=True)]
        np.testing.assert_allclose(partial.arrays["m", "0", name][:2], wanted, atol=1e-5)  # maps kept in float32


def test_a_map_of_the_image_alone_stays() -> None:
    """The edge detector: similarity 1 to twin and permuted alike, under a floor below 1."""
    partial = measured(edges)
    for name in ("twin", "rho", "ceiling"):
        np.testing.assert_allclose(partial.arrays["m", "0", name], 1.0, atol=1e-6)
    assert partial.arrays["m", "0", "floor"].max() < 0.9


def test_a_map_of_the_network_is_lost_with_either_training() -> None:
    """Unrelated maps: similarity to the twin is as small as to the permuted, so nothing is accused."""
    partial = measured(by_network)
    assert partial.arrays["m", "0", "twin"].mean() < 0.2
    assert partial.arrays["m", "0", "rho"].mean() < 0.2


def test_the_ceiling_is_the_methods_own_noise() -> None:
    """A map drawn anew each time has a ceiling of unrelated maps, and noise of its own on every network."""
    partial = measured(lambda _m, b, seed: by_image(b, lambda i: normal(i, seed, shape=(1, 12, 12))), noisy=True)
    assert partial.arrays["m", "0", "ceiling"].mean() < 0.2
    assert partial.arrays["m", "0", "rho"].mean() < 0.2


def test_empty_maps_after_permuted_labels_are_counted() -> None:
    """A map that dies on the third network is degenerate there, neither kept nor lost."""
    seen: list[float] = []

    def dying(model: Canonical, batch: Batch, seed: int) -> Tensor:
        seen.append(float(next(model.module.parameters()).sum()))
        return by_network(model, batch, seed) * float(len(seen) < 3)

    partial = measured(dying)
    assert (partial.arrays["m", "0", "degenerate"] == 1).all()
    assert np.isnan(partial.arrays["m", "0", "rho"]).all()
    assert not np.isnan(partial.arrays["m", "0", "twin"]).any()


def test_permuted_labels_are_the_true_ones_in_another_order() -> None:
    """As many of each class, at other images; another draw permutes otherwise, and the same draw alike."""
    made = study(Fake({}))
    truth, mixed = made.school.labels, taught(made, Lesson.PERMUTED, 0).labels
    assert torch.equal(truth.sort().values, mixed.sort().values)
    assert not torch.equal(truth, mixed)
    assert torch.equal(mixed, taught(made, Lesson.PERMUTED, 0).labels)
    assert not torch.equal(mixed, taught(made, Lesson.PERMUTED, 1).labels)
    assert torch.equal(truth, taught(made, Lesson.TWIN, 0).labels)


def test_twin_and_permuted_differ_in_their_labels_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """With labels left as they are, the third network is the second to the last bit, and not the first."""
    monkeypatch.setattr("junco.audit.checks.data_randomization.taught", lambda made, *_: made.school)
    seen: list[Tensor] = []

    def watching(model: Canonical, batch: Batch, _seed: int) -> Tensor:
        seen.append(torch.cat([p.flatten() for p in model.module.parameters()]).clone())
        return edges(model, batch, 0)

    measured(watching)
    assert torch.equal(seen[1], seen[2])
    assert not torch.equal(seen[0], seen[1])


def test_ticks_add_up_to_the_cost() -> None:
    """What is announced before the run is what progress reaches."""
    ticks: list[int] = []
    made = study(Fake({"m": (SIGNED, edges)}), ticks=ticks)
    run(made, batch(), 0)
    assert sum(ticks) == made.school.training.cost
