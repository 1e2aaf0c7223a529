"""The question that clients ask most, answered before any route is searched for: how does a validation stand?

``GET /v1/validations/{id}`` without a query, a condition or a body. Whatever else is asked, and whatever goes wrong, is
the routes' to answer: this is the same answer for less work, and a test compares the two.
"""

import re

from starlette.types import ASGIApp, Receive, Scope, Send

from junco.contract.errors import NotFound, Unavailable
from junco.storage.outages import OUTAGES
from service.shelf import shelf_of
from service.validations.polls import Shown
from service.validations.showing import look

_PATH = re.compile(r"/v1/validations/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.ASCII)
_NOT_PLAIN = frozenset((b"if-none-match", b"content-length", b"transfer-encoding"))


class Named:
    """Stands for the route in the metrics."""

    path = "/v1/validations/{job_id}"


class Quick:
    """Plain ASGI; it stands behind the guard."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        job_id = _asked(scope)
        found = None if job_id is None else await _found(scope, job_id)
        if found is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = Named
        await send({"type": "http.response.start", "status": 200, "headers": list(found.headers)})
        await send({"type": "http.response.body", "body": found.body})


def _asked(scope: Scope) -> str | None:
    if scope["type"] != "http" or scope["method"] != "GET" or scope["query_string"]:
        return None
    found = _PATH.fullmatch(scope["path"])
    if found is None or not _NOT_PLAIN.isdisjoint([name for name, _ in scope["headers"]]):
        return None
    return found[1]


async def _found(scope: Scope, job_id: str) -> Shown | None:
    try:
        return await look(shelf_of(scope), job_id)
    except (NotFound, Unavailable, *OUTAGES):  # the route itself says which, as a problem
        return None
