"""Before any route: who asks, whether they may, and whether it is not too often. After it: the log."""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from junco.contract.errors import Forbidden, JuncoError
from junco.storage.access import Access, Deed
from junco.storage.outages import OUTAGES
from service.access.buckets import Buckets
from service.access.caller import CALLER, Caller, Callers, limited
from service.access.rules import is_audited, needed, tells_more
from service.outages import outages
from service.problems import refusal

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Gate:
    """What the guard holds: keys, and how often each may ask."""

    callers: Callers
    requests: Buckets


class Guard:
    """Plain ASGI: it stands before the body is read, and before the route is known."""

    def __init__(self, app: ASGIApp, gate: Callable[[], Gate]) -> None:
        self._app, self._gate = app, gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            with outages():
                caller = await self._admitted(scope)
        except JuncoError as error:
            await self._refuse(error, scope, receive, send)
            return
        if caller is None:
            await self._app(scope, receive, send)
            return
        scope[CALLER] = caller
        await self._app(scope, receive, self._told(scope, caller, send))

    async def _admitted(self, scope: Scope) -> Caller | None:
        wanted = needed(scope["method"], scope["path"])
        if wanted is None:
            return await self._recognised(scope)
        gate = self._gate()
        caller = await gate.callers.identify(_authorization(scope), _address(scope), _access(scope))
        if seconds := gate.requests.take(caller.key):
            raise limited("This key asks too often.", seconds)
        if not caller.scope.grants(wanted):
            scope[CALLER] = caller
            raise Forbidden(
                "The key's scope does not allow this.",
                expected=f"a key with the scope {wanted}",
                found=caller.scope,
                remedy="Ask an administrator of this service for such a key.",
            )
        return caller

    async def _recognised(self, scope: Scope) -> Caller | None:
        """Who asks where nobody has to say. Nothing is refused: without a good key, or a database, it is nobody."""
        if not tells_more(scope["path"]) or _authorization(scope) is None:
            return None
        with suppress(JuncoError, *OUTAGES):
            return await self._gate().callers.identify(_authorization(scope), _address(scope), _access(scope))
        return None

    async def _refuse(self, error: JuncoError, scope: Scope, receive: Receive, send: Send) -> None:
        # Too many is counted, not logged: the log must not be for anybody to fill.
        if error.status != 429:
            await _log(scope, scope.get(CALLER), error.status)
        await refusal(Request(scope), error)(scope, receive, send)

    def _told(self, scope: Scope, caller: Caller, send: Send) -> Send:
        if not is_audited(scope["method"], scope["path"]):
            return send

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                # Before the answer leaves: nobody hears of a deed that the log does not know.
                await _log(scope, caller, message["status"])
            await send(message)

        return told


async def still_welcome(request: Request) -> bool:
    """Whether the key with which a long answer was asked for is good still; where nobody needs one, always."""
    scope = request.scope
    caller: Caller | None = scope.get(CALLER)
    gate: Gate | None = scope["app"].state.gate
    return caller is None or gate is None or await gate.callers.knows(caller, _access(scope))


async def _log(scope: Scope, caller: Caller | None, status: int) -> None:
    deed = Deed(
        tenant=caller.tenant if caller else "",
        key=caller.key if caller else "",
        action=f"{scope['method']} {getattr(scope.get('route'), 'path', '')}".strip(),
        object=scope["path"],
        status=status,
        address=_address(scope),
        request_id=str(scope.get("junco.request_id", "")),
    )
    try:
        await run_in_threadpool(_access(scope).log, deed)
    except Exception:  # noqa: BLE001,RUF100 - whatever a driver raises: the work is done and must be told of
        log.exception("the audit log could not be written: %s", deed)


def _authorization(scope: Scope) -> bytes | None:
    return next((value for name, value in scope["headers"] if name == b"authorization"), None)


def _access(scope: Scope) -> Access:
    found: Access = scope["app"].state.shelf.records.access
    return found


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""
