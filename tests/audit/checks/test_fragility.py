"""fragility on a network whose map hangs on one sum over all pixels, and on one whose map cannot move."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from junco.audit.batch import Batch
from junco.audit.checks.fragility import EPSILON, Best, FragilityStudy, Siege, run
from junco.audit.explain import build, followed, smoothable
from junco.audit.explanation import Explained
from junco.audit.maps import Comparison
from junco.audit.model import Canonical
from junco.audit.partial import Partial
from junco.audit.similarity.spearman import cross, prepare
from junco.audit.verdict import AimNumbers, judge_fragility
from junco.contract.catalogue import Aim, Method, Verdict
from junco.contract.thresholds import Thresholds
from tests.audit.checks.attacked import gate, grain, near_the_gate, staircase
from tests.audit.explain.models import bound, canonical, seeded

T = Thresholds()


def study(model: Canonical, *, steps: int, seed: int = 0) -> FragilityStudy:
    """The plain gradient under attack."""
    asked = bound(Method.GRADIENT)
    siege = Siege(function=followed(asked), explainer=build([asked], model), look_cost=1, aim_cost=1)
    return FragilityStudy(
        model=model,
        sieges={"gradient": siege},
        comparison=Comparison(prepare, cross),
        seed=seed,
        steps=steps,
        twin=smoothable(model),
    )


def numbers(partial: Partial) -> dict[Aim, AimNumbers]:
    """Overlaps by aim."""
    arrays = partial.arrays
    return {
        aim: AimNumbers(*(np.asarray(arrays["gradient", aim, arm, "overlap"], float) for arm in ("attack", "noise")))
        for aim in Aim
    }


@pytest.fixture(scope="module")
def gated() -> Partial:
    """Twelve images near the gate."""
    return run(study(gate(), steps=12), near_the_gate(12), keep=2)


def test_an_aimed_change_takes_what_noise_of_the_same_size_leaves(gated: Partial) -> None:
    """The pattern is gone after the attack on the largest values, and there after noise: fail."""
    found = numbers(gated)
    assert found[Aim.TOP_K].attack.max() == 0
    assert found[Aim.TOP_K].noise.min() == 1
    (judged,) = judge_fragility({"gradient": found}, T, least=10)
    assert judged.verdict is Verdict.FAIL, judged.reason
    assert judged.aims[Aim.TOP_K].decision is Verdict.FAIL


def test_the_pictures_are_the_networks_own_maps(gated: Partial) -> None:
    """Of the ReLU network: pixel 10 is stronger than pixel 100 before, and nothing is left of it after."""
    maps = gated.arrays["gradient", "maps"].reshape(2, 4, -1)
    assert maps.shape[1] == 1 + len(Aim)
    assert (maps[:, 0, 10] > maps[:, 0, 100]).all()
    assert (maps[:, 1, 10] == 0).all()
    assert (maps[:, 1, 100] > 0.3).all()
    np.testing.assert_allclose(maps.sum(-1), 1, rtol=1e-5)


def test_a_map_that_does_not_move_passes() -> None:
    """The linear network: nothing is lost, to the attack or to noise."""
    model = canonical(seeded(nn.Sequential(nn.Flatten(), nn.Linear(144, 4))), (1, 12, 12))
    found = numbers(run(study(model, steps=4), grain(12)))
    assert all((n.attack == 1).all() and (n.noise == 1).all() for n in found.values())
    (judged,) = judge_fragility({"gradient": found}, T, least=10)
    assert judged.verdict is Verdict.PASS, judged.reason


class Watching:
    """An explainer that notes the images that it was shown."""

    def __init__(self, model: Canonical) -> None:
        self.inside = build([bound(Method.GRADIENT)], model)
        self.traits, self.seen = self.inside.traits, list[torch.Tensor]()

    def __call__(self, model: Canonical, batch: Batch, *, seed: int) -> Explained:
        self.seen.append(batch.x)
        return self.inside(model, batch, seed=seed)


def test_no_image_leaves_its_neighbourhood_nor_its_box() -> None:
    """At most EPSILON of the data's range at any pixel; noise goes all the way where the box lets it."""
    model, batch, steps = gate(), near_the_gate(2), 6
    low, high, mean = (torch.full((1,), v, dtype=torch.float64) for v in (-1.0, 3.0, 1.0))
    batch = replace(batch, x=4 * batch.x - 1, box=type(batch.box)(low, high, mean))
    plan = study(model, steps=steps)
    spy = Watching(model)
    run(replace(plan, sieges={"gradient": replace(plan.sieges["gradient"], explainer=spy)}), batch)
    assert len(spy.seen) == 1 + steps * (1 + len(Aim))
    for place, x in enumerate(spy.seen[1:]):
        away = (x - batch.x).abs()
        assert away.max() <= 4 * EPSILON + 1e-9
        if place < steps:
            torch.testing.assert_close(away, torch.full_like(away, 4 * EPSILON))


def test_only_images_of_the_same_class_count() -> None:
    """The best is the smallest criterion among those that keep the class; without one the map stays."""
    maps = torch.arange(8.0).view(2, 2, 2)
    best = Best(maps.clone(), torch.full((2,), torch.inf))
    best.see(torch.tensor([1.0, 1.0]), maps + 10, torch.tensor([True, False]))
    best.see(torch.tensor([2.0, 0.5]), maps + 20, torch.tensor([True, False]))
    assert torch.equal(best.maps, torch.stack([maps[0] + 10, maps[1]]))
    best.see(torch.tensor([0.5, torch.nan]), maps + 30, torch.tensor([True, True]))
    assert torch.equal(best.maps, torch.stack([maps[0] + 30, maps[1]]))


def test_an_attack_is_a_function_of_the_seed_and_the_images_places() -> None:
    """Twice the same, another with another seed, and half of the images by themselves come to the same."""
    batch, model = grain(4), canonical(staircase(), (1, 12, 12))
    whole, again = (run(study(model, steps=3), batch) for _ in range(2))
    part, other = run(study(model, steps=3), batch.rows(1, 3)), run(study(model, steps=3, seed=1), batch)
    plan = study(model, steps=3)
    threes = run(replace(plan, sieges={"gradient": replace(plan.sieges["gradient"], rows=3)}), batch)
    key = ("gradient", "mass_centre", "noise", "displacement")
    assert not np.array_equal(whole.arrays[key], other.arrays[key])
    for name, values in whole.arrays.items():
        np.testing.assert_array_equal(values, again.arrays[name])
        np.testing.assert_allclose(values[1:3], part.arrays[name], atol=1e-6)
        np.testing.assert_allclose(values, threes.arrays[name], atol=1e-6)


def test_a_constant_map_is_undefined() -> None:
    """It has no largest pixels, whatever an attack does to it."""
    flat = nn.Sequential(nn.AvgPool2d(12), nn.Flatten(), nn.Linear(1, 2))
    found = numbers(run(study(canonical(flat, (1, 12, 12)), steps=2), grain(3)))
    assert np.isnan(found[Aim.TOP_K].attack).all()
    (judged,) = judge_fragility({"gradient": found}, T, least=2)
    assert judged.verdict is Verdict.INVALID
