"""From bodies to plan requests."""

import json
from typing import Any

from pydantic import ValidationError

from junco.contract.errors import InvalidPlan
from junco.contract.request import PlanRequest
from service.fields import invalid

_PLACEHOLDER = "sha256:" + "0" * 64


def parse_plan(text: bytes | str) -> PlanRequest:
    """A plan request from JSON; raises ``InvalidPlan``, whose errors point at the offending fields."""
    try:
        request = PlanRequest.model_validate_json(text)
        # JSON has no infinities: a number that does not survive being written is no number for a plan.
        return PlanRequest.model_validate_json(request.model_dump_json())
    except ValidationError as error:
        raise invalid(error, InvalidPlan, "The plan", _document(text)) from error
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
