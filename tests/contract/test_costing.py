"""Prices that are known before the run, and shifts that are told apart."""

from typing import Any

import pytest
from pydantic import ValidationError

from junco.contract.catalogue import CheckName
from junco.contract.costing import parts
from junco.contract.errors import InvalidPlan
from junco.contract.plan import Plan, ShardKind
from junco.contract.resolve import resolve
from junco.contract.sharding import shards
from tests.contract.reports import image_set, report, request


def planned(**fields: Any) -> Plan:
    """A plan on fifty images."""
    return resolve(request(**fields), report(), image_set(50))


def test_context_checks_cost_what_their_methods_and_images_cost() -> None:
    """Maps by their own price; curves by fills, directions, steps and orders; squares; ends."""
    plan = planned(methods=["gradient"], checks=["repeatability", "faithfulness"], profile="quick")
    count = len(plan.methods_of(CheckName.REPEATABILITY))
    assert count == 4  # the gradient and three controls, each at one pass
    costs = {s.kind: (len(s.images), s.cost) for s in shards(plan)}
    images, cost = costs[ShardKind.REPEATS]
    assert cost == images * count * (1 + 3 + 2)
    images, cost = costs[ShardKind.FAITHFULNESS]
    assert cost == images * (count * (1 + 5) + 2 * 2 * 9 * (count + 2) + 3 + 50)


def test_images_fall_into_shards_of_a_groups_size() -> None:
    """All of them, once, up to what is wanted."""
    plan = planned()
    pieces = list(parts(plan, 1000))
    assert [i for piece in pieces for i in piece] == list(range(len(plan.selected)))
    assert all(len(piece) <= plan.profile.group_size for piece in pieces)
    assert [len(piece) for piece in parts(plan, 3)] == [3]


def test_every_shift_is_a_shard_of_its_own() -> None:
    """A baseline is asked once more; a picture takes two passes; one shift is written as before."""
    asked = ["range", "checkerboard", "image", -0.5]
    methods = ["gradient", {"method": "occlusion", "parameters": {"window": 16, "stride": 16}}]
    plan = planned(methods=methods, checks=["input_shift"], shift=asked)
    pieces = shards(plan)
    assert [s.shift for s in pieces] == asked
    images, controls, windows = plan.profile.shift_images, 3, 5
    assert pieces[0].cost == images * (2 * (1 + controls + windows) + windows) == pieces[2].cost - 2
    assert planned(shift=-1).shifts == (-1.0,)
    assert planned().shifts == ("range",)


@pytest.mark.parametrize("wrong", [0, [], ["range", "range"], ["board"], float("nan"), [0.0, "range"]])
def test_a_shift_that_means_nothing_is_refused(wrong: Any) -> None:
    """Nothing, the same twice, an unknown name, no number, and a shift that does not move."""
    with pytest.raises(ValidationError):
        request(shift=wrong)


def test_a_picture_needs_a_gradient() -> None:
    """A black box is told when the plan is made, unless the check is not asked for."""
    black = report(executor="onnxruntime")
    with pytest.raises(InvalidPlan, match="gradient"):
        resolve(request(shift=["range", "image"]), black, image_set(50))
    assert resolve(request(shift="image", checks=["repeatability"]), black, image_set(50)).shifts == ("image",)
