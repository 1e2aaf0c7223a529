"""Around every request: an id for the logs, and a count for the metrics."""

import itertools
import re
import time
import uuid

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.health.metrics import Metrics

_PROCESS = uuid.uuid4().hex[:16]
_COUNT = itertools.count(1)
_GOOD_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class Observe:
    """Plain ASGI, so that streams stay streams."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["junco.request_id"] = name = _request_id(scope)
        started, status = time.monotonic(), 500

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message.setdefault("headers", []).append((b"x-request-id", name.encode()))
            await send(message)

        try:
            await self._app(scope, receive, told)
        finally:
            self._count(scope, status, time.monotonic() - started)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        # The route's pattern, never the path: a label a path would be a label a digest. Odd methods likewise.
        route = getattr(scope.get("route"), "path", "unmatched")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.answered(method, route, status, seconds)


_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


def _request_id(scope: Scope) -> str:
    given = next((value for key, value in scope["headers"] if key == b"x-request-id"), b"")
    return given.decode() if _GOOD_ID.fullmatch(given) else f"{_PROCESS}-{next(_COUNT):x}"
