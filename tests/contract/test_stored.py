"""A request and its plan as jobs of today hold them in the database: later versions meet them there."""

import json
from pathlib import Path
from typing import Any

import pytest

from junco.contract.plan import Plan, ShardKind
from junco.contract.request import PlanRequest
from junco.contract.sharding import cut_of, shards

STORED: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "stored.json").read_text())
"""All checks at the first of two looks, several shifts, training, a model beside the model. Never regenerated: plans
of later versions are further files."""
CUT = "sha256:d19628ee0a0fddd418ebc12906dd8e9d811d78cbf39f06246b9224cb185bfc0a"
"""Whoever changes how plans are cut pins another: jobs that are half done then begin anew (decision 0043)."""


def test_a_stored_plan_is_read_as_it_was_written() -> None:
    """Every value stands where it stood; fields that came later have their defaults."""
    assert _holds(_read(Plan, "plan"), STORED["plan"])


def test_a_stored_request_is_read_as_it_was_written() -> None:
    """Likewise: a list of validations shows it, and a dead letter is submitted by it again."""
    assert _holds(_read(PlanRequest, "request"), STORED["request"])


def test_a_stored_plan_falls_into_the_shards_that_it_fell_into() -> None:
    """At least one of every kind that there was, and all of them are pinned."""
    pieces = shards(Plan.model_validate(STORED["plan"]))
    assert (len({piece.kind for piece in pieces}), len(pieces), cut_of(pieces)) == (13, 26, CUT)


@pytest.mark.parametrize("change", [{"images": (0,)}, {"kind": ShardKind.REPEATS}, {"stages": (9,)}])
def test_another_shard_is_another_cut_and_another_cost_is_not(change: dict[str, Any]) -> None:
    """What is measured counts, and its order; what it is said to cost does not."""
    first, *rest = shards(Plan.model_validate(STORED["plan"]))
    assert cut_of([first.model_copy(update=change), *rest]) != CUT
    assert cut_of([*rest, first]) != CUT
    assert cut_of([first.model_copy(update={"cost": 1}), *rest]) == CUT


def _read(kind: type[Plan] | type[PlanRequest], name: str) -> Any:
    return json.loads(kind.model_validate_json(json.dumps(STORED[name])).model_dump_json())


def _holds(found: Any, stored: Any) -> bool:
    if isinstance(stored, list):
        return len(found) == len(stored) and all(map(_holds, found, stored))
    if not isinstance(stored, dict):
        return bool(found == stored)
    return all(name in found and _holds(found[name], value) for name, value in stored.items())
