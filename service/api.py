"""The OpenAPI document: problems declared as what they are, one tidy id an operation."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from junco.contract.access import Scope
from junco.contract.errors import Problem
from junco.contract.outcome import Outcome
from service.access.rules import needed, tells_more
from service.problems import MEDIA_TYPE

REFERENCE = "#/components/schemas/{model}"
_SAYS = {
    400: "The request is malformed.",
    401: "No good API key.",
    403: "The API key's scope does not allow it.",
    404: "There is no such resource.",
    406: "None of the accepted media types can be given.",
    408: "The body arrives too slowly.",
    409: "The resource's state does not allow it.",
    413: "The body is too large.",
    415: "Not a format that Junco reads.",
    416: "The range lies outside the file.",
    422: "The request cannot be carried out as it is.",
    429: "Too many requests, or the tenant's quota is used up; Retry-After says when to come back.",
    500: "The work failed, or something unexpected happened.",
    503: "The service lacks what it needs just now.",
    507: "The store is full; nothing of the request was kept.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Declares these statuses as problems."""
    schema = {"$ref": REFERENCE.format(model="Problem")}
    return {status: {"description": _SAYS[status], "content": {MEDIA_TYPE: {"schema": schema}}} for status in statuses}


def binary(*media_types: str) -> dict[str, Any]:
    """A body of bytes in any of these media types."""
    return {media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in media_types}


def operation_id(route: APIRoute) -> str:
    """The route function's name."""
    return route.name


def describe(app: FastAPI) -> dict[str, Any]:
    """The document, cached on the app."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, summary=app.summary, description=app.description, routes=app.routes
        )
        _tidy(document)
        app.openapi_schema = document
    return app.openapi_schema


def _tidy(document: dict[str, Any]) -> None:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for model in (Problem, Outcome):
        schema = model.model_json_schema(ref_template=REFERENCE, mode="serialization")
        schemas.update(schema.pop("$defs", {}))
        schemas[model.__name__] = schema
    document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            operation["responses"] |= _framework(operation)
            if (scope := needed(method.upper(), path)) is not None:
                operation["responses"] |= _as_text(problems(401, 403, 429))
                # Optional: an installation may have access control off.
                operation["security"] = [{"key": [scope.value]}, {}]
            elif tells_more(path):
                operation["security"] = [{}, {"key": [Scope.READ.value]}]


def _framework(operation: dict[str, Any]) -> dict[str, Any]:
    # FastAPI declares its own form of 422 wherever there is a parameter; here it is a problem.
    statuses = [422] if "422" in operation["responses"] else []
    statuses += [408] if "requestBody" in operation else []
    return _as_text(problems(*statuses, 500))


def _as_text(declared: dict[int | str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {str(status): answer for status, answer in declared.items()}
