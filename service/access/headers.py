"""Headers that every answer carries unless its route says otherwise. There is no CORS: no other site may ask."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ALWAYS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
}
_WITH_A_KEY = {**_ALWAYS, b"cache-control": b"no-store"}
"""Where a key was shown, no cache on the way may keep the answer."""


class Headers:
    """Plain ASGI, so that streams stay streams."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        shown_a_key = any(name == b"authorization" for name, _ in scope["headers"])
        extra = _WITH_A_KEY if shown_a_key else _ALWAYS

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.setdefault("headers", [])
                said = {name.lower() for name, _ in headers}
                headers.extend((name, value) for name, value in extra.items() if name not in said)
            await send(message)

        await self._app(scope, receive, told)
