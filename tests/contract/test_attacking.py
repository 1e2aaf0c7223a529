"""What attacks cost is known from the plan alone, and is what the profile allows."""

import pytest

from junco.contract.attacking import (
    attackable,
    budget,
    defences,
    defended,
    manipulated,
    manipulation_cost,
    pieces_of,
    rows_at_once,
)
from junco.contract.catalogue import METHODS, RECIPES, CheckName, Control, Defence, Method
from junco.contract.images import ImageFile, ImageSet
from junco.contract.plan import Plan, PlannedMethod
from junco.contract.profile import PROFILES, ProfileName
from junco.contract.request import CHECKS_BY_DEFAULT, PlanRequest
from junco.contract.resolve import resolve
from junco.contract.sharding import shards
from tests.contract.reports import report

CHECK = CheckName.INPUT_MANIPULATION


def planned(*methods: object, images: int = 50, profile: str = "standard") -> Plan:
    """A plan of both attacks."""
    archive = ImageFile(name="a.npz", blob="sha256:" + "1" * 64, media_type="application/x-npz", count=images)
    known = report()
    asked = {
        "model": known.id, "images": ImageSet.of((archive,)).id, "methods": methods or ("gradient",),
        "checks": (CHECK, CheckName.FRAGILITY), "profile": profile,
    }  # fmt: skip
    return resolve(PlanRequest.model_validate(asked), known, ImageSet.of((archive,)))


def one(name: Method | Control, **parameters: object) -> PlannedMethod:
    """A planned method."""
    values = METHODS[name].parameters.model_validate(parameters).model_dump(mode="json")
    return PlannedMethod(label=name.value, method=name, parameters=values, checks=(CHECK,), requested=True)


def test_only_what_was_asked_for_and_can_be_followed_is_attacked() -> None:
    """Controls, which every job carries, have no known fate here; Grad-CAM cannot be followed."""
    plan = planned("grad_cam", "integrated_gradients")
    assert [m.label for m in attackable(plan, CHECK)] == ["integrated_gradients"]
    assert {Method.GRADIENT, *Control} <= {m.method for m in plan.methods_of(CHECK)} | set(Control)
    assert shards(planned("grad_cam")) == ()


@pytest.mark.parametrize("name", RECIPES)
def test_a_smaller_budget_takes_longer_steps(name: Method) -> None:
    """The way that is open to a pixel is the published one in every profile; thorough takes the published steps."""
    ways = {p: budget(one(name), PROFILES[p]) for p in ProfileName}
    published = RECIPES[name]
    assert ways[ProfileName.THOROUGH].steps == published.iterations
    for spent in ways.values():
        assert spent.steps * spent.rate == pytest.approx(published.iterations * published.rate * 0.226)
    smoothed = budget(one(name), PROFILES[ProfileName.THOROUGH], Defence.BETA)
    assert smoothed.steps == published.defended_iterations


def test_the_cost_is_steps_times_passes() -> None:
    """By hand: 8 images of the gradient at 300 steps, each 3 passes for the map and 1 for the output, and defences."""
    plan = planned("gradient")
    assert manipulation_cost(plan, range(8, 16)) == 8 * 300 * 4
    assert manipulation_cost(plan, range(8)) == 8 * 300 * 4 + 8 * (100 * 4 + 100 * 31)
    dear = planned({"method": "integrated_gradients", "parameters": {"steps": 10}})
    assert manipulation_cost(dear, range(8, 16)) == 8 * 100 * 31


def test_shards_hold_all_images_once_and_their_cost() -> None:
    """Forty of fifty images in fives of eight; fragility's have costs of their own."""
    pieces = [s for s in shards(planned("gradient")) if s.check is CHECK]
    assert [i for s in pieces for i in s.images] == list(range(40))
    assert all(s.cost == manipulation_cost(planned("gradient"), s.images) for s in pieces)
    fragile = [s for s in shards(planned("gradient")) if s.check is CheckName.FRAGILITY]
    assert sum(s.cost for s in fragile) == 20 * 100 * (1 + 3 * 4)
    assert list(pieces_of(range(10))) == [tuple(range(8)), (8, 9)]
    assert defended(planned("gradient"), (6, 7, 8)) == (6, 7)


def test_what_is_smooth_already_is_not_smoothed_again() -> None:
    """A method's own beta is its defence; SmoothGrad is the other; methods of many passes are not averaged."""
    assert defences(one(Method.GRADIENT)) == (Defence.BETA, Defence.SMOOTHGRAD)
    assert defences(one(Method.GRADIENT, beta=1.0)) == (Defence.SMOOTHGRAD,)
    assert defences(one(Method.SMOOTHGRAD)) == (Defence.BETA,)
    assert defences(one(Method.INTEGRATED_GRADIENTS)) == (Defence.BETA,)


def test_methods_of_many_passes_are_followed_a_few_images_at_a_time() -> None:
    """Memory holds the graphs of all passes: eight images of one pass, two of four, one of fifty."""
    methods = one(Method.GRADIENT), one(Method.INTEGRATED_GRADIENTS, steps=4), one(Method.SMOOTHGRAD)
    assert [rows_at_once(m) for m in methods] == [8, 2, 1]


def test_one_image_has_no_target() -> None:
    """Nothing is attacked where there is no other image's map."""
    assert list(manipulated(planned("gradient", images=1))) == []
    assert list(manipulated(planned("gradient", images=2))) == [0, 1]


def test_attacks_are_neither_default_nor_required() -> None:
    """They take minutes to hours, and one attack is weak evidence."""
    for check in (CHECK, CheckName.FRAGILITY):
        assert check not in CHECKS_BY_DEFAULT
        assert not any(check in profile.required for profile in PROFILES.values())
