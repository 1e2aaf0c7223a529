"""From bodies to plan requests."""

import json
from typing import Any

from pydantic import ValidationError

from junco.contract.errors import InvalidPlan
from junco.contract.request import PlanRequest
from service.fields import invalid

_PLACEHOLDER = "sha256:" + "0" * 64
_MOST_ENTRIES = 5000
"""Names and values in a plan: none that makes sense comes near. Saying what is wrong with each of half a million would
keep everybody waiting for seconds."""


def parse_plan(text: bytes | str) -> PlanRequest:
    """A plan request from JSON; raises ``InvalidPlan``, whose errors point at the offending fields."""
    document = _document(text)
    _require_few(document)
    try:
        request = PlanRequest.model_validate_json(text)
        # JSON has no infinities: a number that does not survive being written is no number for a plan.
        return PlanRequest.model_validate_json(request.model_dump_json())
    except ValidationError as error:
        raise invalid(error, InvalidPlan, "The plan", document) from error
    except (ValueError, RecursionError) as error:
        raise InvalidPlan(
            "The plan cannot be written as JSON.", expected="finite numbers", found=str(error)[:100]
        ) from error


def _document(text: bytes | str) -> object:
    """The body as JSON has it, or None where it is no JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _require_few(document: object) -> None:
    """Raise ``InvalidPlan`` for more entries than any plan has."""
    left, waiting = _MOST_ENTRIES, [document]
    while waiting:
        inside = _inside(waiting.pop())
        left -= len(inside)
        if left < 0:
            raise InvalidPlan(
                "The plan holds more than any plan can mean.",
                expected=f"at most {_MOST_ENTRIES} names and values, class numbers in label_models aside",
                found="more",
                remedy="Leave out what the plan does not need.",
            )
        waiting += inside


def _inside(value: object) -> list[object]:
    """What a JSON value holds; of label_models, not the labels, which are one number an image that was trained on."""
    if isinstance(value, dict):
        return [_without_labels(part) if name == "label_models" else part for name, part in value.items()]
    return value if isinstance(value, list) else []


def _without_labels(models: object) -> object:
    labels = models.get("labels") if isinstance(models, dict) else None
    if not isinstance(models, dict) or not isinstance(labels, list) or not all(type(label) is int for label in labels):
        return models
    return {name: part for name, part in models.items() if name != "labels"}


def parse_plan_without_ids(text: str | None) -> PlanRequest:
    """A plan request whose model and images come with it; ``with_ids`` fills them in. Raises ``InvalidPlan``."""
    try:
        given: Any = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise InvalidPlan("The plan is not JSON.", expected="a JSON object", found=(text or "")[:50]) from error
    if not isinstance(given, dict) or {"model", "images"} & set(given):
        raise InvalidPlan(
            "A plan that comes with its files is an object without model and images.",
            expected="a JSON object without the fields model and images",
            found=f"an object with {', '.join(sorted(given))}"[:200]
            if isinstance(given, dict)
            else type(given).__name__,
        )
    return parse_plan(json.dumps({**given, "model": _PLACEHOLDER, "images": _PLACEHOLDER}))


def with_ids(request: PlanRequest, model: str, images: str) -> PlanRequest:
    """The request about these files."""
    return request.model_copy(update={"model": model, "images": images})
