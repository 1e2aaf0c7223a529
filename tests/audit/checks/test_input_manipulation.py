"""input_manipulation on networks whose maps can be chosen at will, and on those whose maps cannot move."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial as bind

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from junco.audit.batch import Batch
from junco.audit.checks.attack import Likeness, shares
from junco.audit.checks.input_manipulation import (
    GROWTH,
    Campaign,
    ManipulationStudy,
    growth,
    manipulated,
    partners,
    run,
)
from junco.audit.explain import build, followed, smoothable
from junco.audit.explanation import MapFunction
from junco.audit.model import Canonical
from junco.audit.partial import Partial
from junco.audit.similarity import named
from junco.audit.similarity.ssim import structural_similarity, uniform
from junco.audit.verdict import judge_manipulation
from junco.contract.attacking import Budget
from junco.contract.catalogue import Defence, Method, Verdict
from junco.contract.thresholds import Thresholds
from tests.audit.checks.attacked import grain, staircase
from tests.audit.explain.models import bound, canonical, images, seeded
from tests.truth import digits

T = Thresholds()
LIKENESS = Likeness(
    images=bind(structural_similarity, window=uniform(7), data_range=1.0),
    maps=named("ssim_audit"),
    correlation=named("pearson"),
)


def study(
    model: Canonical,
    budget: Budget,
    *,
    defences: Mapping[Defence, Budget] | None = None,
    spy: MapFunction | None = None,
) -> ManipulationStudy:
    """The plain gradient under attack."""
    asked = bound(Method.GRADIENT)
    campaign = Campaign(function=spy or followed(asked), budget=budget, defences=defences or {}, cost=1)
    return ManipulationStudy(
        model=model,
        explainer=build([asked], model),
        campaigns={"gradient": campaign},
        likeness=LIKENESS,
        seed=3,
        twin=smoothable(model),
    )


def others(batch: Batch) -> Batch:
    """The images whose maps are the targets."""
    places = list(partners(batch.index, seed=3, count=len(batch)))
    return replace(batch, x=batch.x[places], targets=batch.targets[places], index=tuple(places))


def plain(partial: Partial, arm: str = "plain") -> dict[str, np.ndarray]:
    """Quantities of one arm by name."""
    return {key[2]: np.asarray(v, dtype=float) for key, v in partial.arrays.items() if key[1] == arm}


@pytest.fixture(scope="module")
def stairs() -> tuple[Canonical, Batch, Partial]:
    """32 images of noise on the staircase, attacked for 60 steps; four of them with smoothed maps."""
    model, batch = canonical(staircase(), (1, 12, 12)), grain(32)
    budget = Budget(steps=60, rate=0.005)
    plan = study(model, budget, defences={d: Budget(steps=20, rate=0.005) for d in Defence})
    return model, batch, run(plan, batch, others(batch), defended=4, keep=2)


def test_a_map_that_can_be_chosen_at_will_is_found_vulnerable(stairs: tuple[Canonical, Batch, Partial]) -> None:
    """Nearly all of 32 staircase images show another image's map afterwards, and the model answers as before."""
    found = plain(stairs[2])
    assert np.median(found["before"]) < 0.2
    assert np.median(found["after"]) > 0.6
    assert found["image_ssim"].min() > 0.9
    assert found["output"].max() < 0.01
    (judged,) = judge_manipulation({"gradient": found}, T)
    assert judged.verdict is Verdict.FAIL, judged.reason
    assert judged.success.rate > 0.9


def test_the_map_shown_is_the_networks_own(stairs: tuple[Canonical, Batch, Partial]) -> None:
    """What is kept for pictures and measured is the ReLU network's gradient at the images found, not the twin's."""
    partial = stairs[2]
    pixels = torch.from_numpy(partial.arrays["gradient", "pixels"]).double() / 255
    before, after, goal = (partial.arrays["gradient", "maps"][:, i] for i in range(3))
    for values in (before, after, goal):
        np.testing.assert_allclose(values.sum((1, 2)), 1, rtol=1e-5)
        # The staircase's gradient has two values only, a softplus twin's has many.
        assert len(np.unique(np.round(values[0], 7))) == 2
    assert pixels.shape == (2, 3, 1, 12, 12)
    assert (pixels[:, 0] - pixels[:, 1]).abs().max() > 0.02
    correlation = np.corrcoef(after[0].ravel(), goal[0].ravel())[0, 1]
    assert partial.arrays["gradient", "plain", "after"][0] == pytest.approx(correlation, abs=1e-5)


def test_smoothed_maps_are_attacked_beside_it(stairs: tuple[Canonical, Batch, Partial]) -> None:
    """A tenth is less than the width of a softplus with beta .8: the smoothed staircase is a ramp and stays one."""
    beta, noise = (plain(stairs[2], d.value) for d in Defence)
    assert len(beta["after"]) == len(noise["after"]) == 4
    assert beta["unaware"].min() > 0.8
    assert np.median(plain(stairs[2])["kept"]) < 0.6
    assert np.median(noise["unaware"]) < 0.6  # noise as wide as a stair, over ten copies, smooths less
    assert np.median(beta["after"]) < 0.3 < 0.6 < np.median(plain(stairs[2])["after"])


def test_a_gradient_that_is_constant_cannot_be_manipulated() -> None:
    """The linear network: no image of 44 is manipulated, its map stays the same to the last digit, and it passes."""
    model = canonical(seeded(nn.Sequential(nn.Flatten(), nn.Linear(144, 44))), (1, 12, 12))
    batch = replace(grain(44), targets=torch.arange(44))
    found = plain(run(study(model, Budget(steps=5, rate=0.01)), batch, others(batch)))
    np.testing.assert_allclose(found["kept"], 1, atol=1e-6)
    np.testing.assert_array_equal(found["before"], found["after"])
    (judged,) = judge_manipulation({"gradient": found}, T)
    assert judged.verdict is Verdict.PASS, judged.reason
    assert (judged.success.successes, judged.success.trials) == (0, 44)


class Spy:
    """A followed map that notes how it was asked."""

    def __init__(self) -> None:
        self.betas: list[float | None] = []
        self.inside = followed(bound(Method.GRADIENT))

    def __call__(
        self, model: Canonical, batch: Batch, *, seed: int, beta: float | None = None, samples: int = 0
    ) -> Tensor:
        self.betas.append(beta)
        return self.inside(model, batch, seed=seed, beta=beta, samples=samples)


def test_the_attack_follows_the_twin_and_keeps_to_its_budget() -> None:
    """As many maps as steps, with beta growing from 10 to 100, one look at the end; targets ask the network itself."""
    model, spy, batch = canonical(staircase(), (1, 12, 12)), Spy(), grain(3)
    run(study(model, Budget(steps=7, rate=0.01), spy=spy), batch, others(batch))
    assert spy.betas[:7] == growth(7)
    assert spy.betas[7:] == [GROWTH[1]]
    assert growth(7)[0] == 10
    assert growth(7)[6] == pytest.approx(100)
    assert growth(7)[3] == pytest.approx(10 * 10**0.5)


def test_images_stay_in_their_box() -> None:
    """However long the steps, in model input space."""
    model, batch = canonical(staircase(), (1, 12, 12)), grain(2)
    partial = run(study(model, Budget(steps=4, rate=0.7)), batch, others(batch), keep=2)
    pixels = partial.arrays["gradient", "pixels"]
    assert pixels[:, 1].max() == 255
    assert pixels[:, 1].min() == 0


def test_an_attack_is_a_function_of_the_seed_and_the_images_places() -> None:
    """Twice the same bits; some of the images by themselves, or four at a time, come to the same (1e-6)."""
    model, batch = canonical(staircase(), (1, 12, 12)), grain(6)
    whole = run(study(model, Budget(steps=5, rate=0.01)), batch, others(batch))
    again = run(study(model, Budget(steps=5, rate=0.01)), batch, others(batch))
    part = run(study(model, Budget(steps=5, rate=0.01)), batch.rows(2, 4), others(batch).rows(2, 4))
    asked = study(model, Budget(steps=5, rate=0.01))
    campaigns = {label: replace(campaign, rows=4) for label, campaign in asked.campaigns.items()}
    fours = run(replace(asked, campaigns=campaigns), batch, others(batch))
    for key, values in whole.arrays.items():
        np.testing.assert_array_equal(values, again.arrays[key])
        np.testing.assert_allclose(values, fours.arrays[key], atol=1e-6)
        np.testing.assert_allclose(values[2:4], part.arrays[key], atol=1e-6)


def test_the_target_is_always_another_image() -> None:
    """Of the plan, by place, and another with another seed."""
    for seed in range(3):
        found = partners(range(20), seed=seed, count=20)
        assert all(i != j and 0 <= j < 20 for i, j in enumerate(found))
    assert partners(range(20), seed=0, count=20) != partners(range(20), seed=1, count=20)
    assert partners((4, 9), seed=1, count=20) == tuple(partners(range(20), seed=1, count=20)[i] for i in (4, 9))


def test_an_image_without_a_map_is_no_trial() -> None:
    """Where the gradient is zero everywhere there is nothing to move: undefined, not resistant."""
    dead = nn.Sequential(nn.Conv2d(1, 1, 1), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3))
    with torch.no_grad():
        dead[0].weight.fill_(1.0)
        dead[0].bias.fill_(-5.0)
    model, batch = canonical(dead, (1, 12, 12)), grain(3)
    found = plain(run(study(model, Budget(steps=2, rate=0.01)), batch, others(batch)))
    assert np.isnan(found["before"]).all()
    (judged,) = judge_manipulation({"gradient": found}, T)
    assert (judged.verdict, judged.success.trials) == (Verdict.INVALID, 0)


@pytest.mark.slow
def test_on_digits_the_map_moves_towards_its_target_while_noise_does_not() -> None:
    """PCC to the target rises in the median with the steps, outputs stay; with other signs nothing comes nearer."""
    train, test = digits.split()
    network = digits.trained(digits.cnn(digits.SMALL), train, epochs=3)
    model = canonical(network, digits.SHAPE, dtype=torch.float32)
    chosen = test[slice(0, 8)].x
    batch = replace(images(8, digits.SHAPE, dtype=torch.float32), x=chosen, targets=model(chosen).argmax(1))
    batch = replace(batch, index=tuple(range(8)))
    goals = others(batch)
    medians, outputs = [], []
    for steps in (0, 20, 60, 200):
        found = plain(run(study(model, Budget(steps=steps, rate=0.34 / 200)), batch, goals))
        medians.append(float(np.median(found["after"])))
        outputs.append(float(np.median(found["output"])))
    assert medians == sorted(medians)
    assert medians[-1] > medians[0] + 0.05
    assert max(outputs) < 0.01
    asked = study(model, Budget(steps=200, rate=0.34 / 200))
    goal = shares(asked.explainer(model, goals, seed=0).maps["gradient"])
    found = manipulated(asked, "gradient", batch, goal)
    signs = torch.randint(0, 2, chosen.shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
    moved = (chosen + (found - chosen).abs() * signs).clamp(0, 1)
    random = shares(asked.explainer(model, replace(batch, x=moved), seed=0).maps["gradient"])
    assert float(named("pearson")(random, goal).median()) < medians[0] + 0.03
