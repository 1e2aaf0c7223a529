"""Bodies while they arrive: refused by their announced length before a byte is read, and cut when they dawdle."""

import asyncio
from collections.abc import Callable

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from junco.contract.errors import JuncoError, UploadTooSlow
from service.problems import refusal
from service.uploads import announced, too_large

_SMALL = 1 << 20
"""Enough for any body that is not an upload, in bytes."""
_UPLOADS = ("/v1/models", "/v1/image-sets", "/v1/validations")


class Bodies:
    """Plain ASGI. ``most`` bytes for uploads; ``rate`` bytes a second on average once ``grace`` seconds are over."""

    def __init__(self, app: ASGIApp, *, most: int, rate: float, grace: float) -> None:
        self._app, self._most, self._rate, self._grace = app, most, rate, grace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._most if scope["path"] in _UPLOADS else _SMALL
        request = Request(scope)
        if announced(request) > limit:
            await refusal(request, too_large(limit))(scope, receive, send)
            return
        begun = False

        async def told(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, self._bounded(receive, limit), told)
        except JuncoError as error:
            if begun:
                raise
            await refusal(request, error)(scope, receive, send)

    def _bounded(self, receive: Receive, limit: int) -> Receive:
        clock: Callable[[], float] = asyncio.get_running_loop().time
        started, size, more = clock(), 0, True

        async def bounded() -> Message:
            nonlocal size, more
            if not more:
                return await receive()  # the end of the connection, awaited for as long as the answer takes
            allowed = self._grace + size / self._rate - (clock() - started)
            try:
                message = await asyncio.wait_for(receive(), max(allowed, 0.001))
            except TimeoutError:
                raise UploadTooSlow(
                    "The body arrives too slowly.",
                    expected=f"{self._rate:g} bytes a second on average after {self._grace:g} seconds",
                    found=f"{size} bytes in {clock() - started:.0f} seconds",
                    remedy="Send it again over a faster line.",
                ) from None
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
            if size > limit:
                raise too_large(limit)
            return message

        return bounded
