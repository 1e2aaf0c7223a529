"""Writes the OpenAPI document to stdout; with ``result`` as its argument, the JSON Schema of results."""

import json
import sys
from typing import Any

from junco.contract.outcome import Outcome
from service.app import create_app
from service.settings import ServiceSettings


def document() -> dict[str, Any]:
    """The API as OpenAPI."""
    return create_app(ServiceSettings()).openapi()


def result_schema() -> dict[str, Any]:
    """JSON Schema of a result."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Outcome.model_json_schema(mode="serialization"),
    }


def text_of(schema: dict[str, Any]) -> str:
    """As it is committed."""
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text_of(result_schema() if sys.argv[1:] == ["result"] else document()))
