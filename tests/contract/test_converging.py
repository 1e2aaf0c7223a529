"""The shard that carries random relevance back: which methods it is of, and what it costs."""

from typing import Any

from junco.contract.catalogue import CheckName
from junco.contract.converging import DRAWS, converging
from junco.contract.plan import Plan, Shard, ShardKind
from junco.contract.resolve import resolve
from junco.contract.sharding import shards
from tests.contract.reports import image_set, report, request, unavailable


def plan(methods: list[str], *, images: int = 50, **fields: Any) -> Plan:
    """A plan of class_sensitivity."""
    asked = request(methods=methods, checks=["class_sensitivity"], **fields)
    dead = {"gradient": unavailable("no gradients")} if fields.get("profile") == "thorough" else {}
    return resolve(asked, report(methods=dead), image_set(images))


def pieces(of: Plan) -> list[Shard]:
    """Shards of this kind."""
    return [s for s in shards(of) if s.kind is ShardKind.CONVERGENCE]


def test_methods_by_rule_and_the_control_gradient_have_one_shard() -> None:
    """A forward pass and five ways back a method through each of four images; Grad-CAM has no rule."""
    made = plan(["lrp_z_plus", "grad_cam", "guided_backprop"])
    (shard,) = pieces(made)
    assert [m.label for m in converging(made)] == ["lrp_z_plus", "guided_backprop", "gradient"]
    assert (shard.check, shard.images) == (CheckName.CLASS_SENSITIVITY, (0, 1, 2, 3))
    assert shard.cost == 4 * (1 + 3 * DRAWS) == 64


def test_fewer_images_cost_less() -> None:
    """Three photos are three ways back."""
    assert pieces(plan(["gradient"], images=3))[0].cost == 3 * (1 + DRAWS)


def test_without_a_rule_there_is_no_shard() -> None:
    """A file without gradients, explained by occlusion."""
    assert pieces(plan(["occlusion"], profile="thorough")) == []
