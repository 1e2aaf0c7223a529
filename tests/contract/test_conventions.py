"""Conventions in a plan: what each sets, what may be set otherwise, and what the extra evidence costs."""

from typing import Any

import pytest
from pydantic import ValidationError

from junco.contract.catalogue import Arm
from junco.contract.conventions import AUDIT, CONVENTIONS
from junco.contract.plan import Plan, ShardKind
from junco.contract.randomization import ConventionName, Distribution, NormPolicy, Order, TargetPolicy
from junco.contract.resolve import resolve
from junco.contract.sharding import shards
from tests.contract.reports import image_set, report, request

BATCH_NORM = {"norms": {"BatchNorm2d": 3}}


def plan(model: dict[str, Any] | None = None, **fields: Any) -> Plan:
    """A plan for 30 images and six layers."""
    checks = ["parameter_randomization"]
    return resolve(request(checks=checks, **fields), report(6, **(model or {})), image_set(30))


def cost(found: Plan, kind: ShardKind) -> list[int]:
    """Passes of the shards of one kind."""
    return [shard.cost for shard in shards(found) if shard.kind is kind]


def test_without_a_word_it_is_the_audits_own() -> None:
    """Cascading, both arms, statistics estimated again, the trained network's class."""
    found = plan()
    assert found.randomization == AUDIT
    assert found.arms == (Arm.REINIT, Arm.PERMUTE)
    assert found.target_policy is TargetPolicy.FIXED


@pytest.mark.parametrize(
    ("name", "norm", "target", "distribution"),
    [
        ("adebayo_code", NormPolicy.KEEP, TargetPolicy.REPREDICT, Distribution.TRUNCATED_NORMAL),
        ("adebayo_paper", NormPolicy.RESET, TargetPolicy.FIXED, Distribution.TRUNCATED_NORMAL),
        ("sixt", NormPolicy.RESET, TargetPolicy.FIXED, Distribution.FRAMEWORK),
        ("hedstrom", NormPolicy.RESET, TargetPolicy.FIXED, Distribution.FRAMEWORK),
    ],
)
def test_each_paper_has_its_form(name: str, norm: NormPolicy, target: TargetPolicy, distribution: Distribution) -> None:
    """Adebayo, Sixt and Hedström et al.: one arm, cascading, and their own draw, norms and class."""
    found = plan(convention=name)
    assert found.arms == (Arm.REINIT,)
    assert found.randomization == CONVENTIONS[ConventionName(name)]
    assert (found.randomization.norm_policy, found.target_policy) == (norm, target)
    assert found.randomization.initialiser.distribution is distribution


def test_what_is_asked_for_otherwise_replaces_the_conventions() -> None:
    """Field by field, and nothing else."""
    found = plan(convention="adebayo_code", randomization={"order": "bottom_up"}, target_policy="fixed")
    assert found.randomization.order is Order.BOTTOM_UP
    assert found.target_policy is found.randomization.target_policy is TargetPolicy.FIXED
    assert found.randomization.initialiser == CONVENTIONS[ConventionName.ADEBAYO_CODE].initialiser


@pytest.mark.parametrize(
    "wrong", [{"convention": "quantus"}, {"randomization": {"order": "up"}}, {"randomization": {"arms": []}}]
)
def test_what_no_convention_has_is_refused(wrong: dict[str, Any]) -> None:
    """By the contract, before any plan."""
    with pytest.raises(ValidationError):
        request(**wrong)


@pytest.mark.parametrize(
    ("model", "fields", "expected"),
    [
        (BATCH_NORM, {}, (NormPolicy.KEEP, NormPolicy.RESET)),
        (BATCH_NORM, {"convention": "sixt"}, (NormPolicy.RE_ESTIMATE, NormPolicy.KEEP)),
        ({}, {}, (NormPolicy.MATCH,)),
        ({"norms": {"LayerNorm": 4}}, {}, ()),
        ({"executor": "onnxruntime"}, {}, ()),
        (BATCH_NORM, {"randomization": {"arms": ["permute"]}}, ()),
    ],
)
def test_other_norm_policies_are_tried_where_they_can_matter(
    model: dict[str, Any], fields: dict[str, Any], expected: tuple[NormPolicy, ...]
) -> None:
    """Running statistics: the other two; no norms at all: matched scales; else nothing is left to choose."""
    assert plan(model, **fields).norm_alternatives == expected


def test_evidence_has_its_price_in_the_plan() -> None:
    """Per other policy twelve images on two networks, beside their originals; smoothed maps 50 passes each."""
    found = plan(BATCH_NORM)
    assert cost(found, ShardKind.NORM_POLICIES) == [12 * (2 + 2)] * 2
    assert sum(cost(found, ShardKind.NORM_POLICIES)) <= 0.1 * sum(cost(found, ShardKind.CELLS))
    assert cost(found, ShardKind.SMOOTH) == []
    smooth = plan(randomization={"smooth": True})
    assert cost(smooth, ShardKind.SMOOTH) == [50 * 10 * (2 + smooth.profile.curve_seeds * 3)]
