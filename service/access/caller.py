"""From the Authorization header to who asks; good keys are remembered for a few seconds."""

import time
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from junco.contract.access import Scope
from junco.contract.errors import RateLimited, Unauthenticated
from junco.storage.access import Access
from junco.storage.keys import StoredKey
from service.access.buckets import Buckets
from service.access.secret import parse, proves

CALLER = "junco.caller"
"""Under this name a request's scope holds the ``Caller``."""
_MOST = 10_000


@dataclass(frozen=True)
class Caller:
    """Who asks, proven by a key."""

    tenant: str
    key: str
    scope: Scope


class Callers:
    """Looks keys up. A revocation is heard at once in this process, within ``remember_seconds`` in others."""

    def __init__(self, pepper: bytes, *, remember_seconds: float, guesses: Buckets) -> None:
        self._pepper, self._remember_seconds, self._guesses = pepper, remember_seconds, guesses
        self._known: dict[str, tuple[StoredKey, float]] = {}

    @property
    def pepper(self) -> bytes:
        """What secrets are hashed with."""
        return self._pepper

    def forget(self, key_id: str) -> None:
        """Look this key up anew."""
        self._known.pop(key_id, None)

    async def identify(self, header: bytes | None, address: str, access: Access) -> Caller:
        """Who asks, by the header Authorization; raises ``Unauthenticated``, and ``RateLimited`` once an address has
        guessed too often."""
        found = parse(_bearer(header))
        key = self._remembered(found[0]) if found else None
        if key is None:
            # Before the database is asked: guessing must cost the guesser, and nobody else.
            self._refuse_guessers(address)
            key = await self._looked_up(found[0], access) if found else None
        good = proves(found[1] if found else "", key.hash if key else None, self._pepper)
        if not good or key is None:
            self._guesses.take(address)
            raise _refused(header)
        return Caller(key.tenant, key.id, key.scope)

    async def knows(self, caller: Caller, access: Access) -> bool:
        """Whether the key that proved who asks is good still."""
        return (self._remembered(caller.key) or await self._looked_up(caller.key, access)) is not None

    def _refuse_guessers(self, address: str) -> None:
        if seconds := self._guesses.wait(address):
            raise limited("Too many requests without a good key came from this address.", seconds)

    def _remembered(self, key_id: str) -> StoredKey | None:
        key, until = self._known.get(key_id, (None, 0.0))
        return key if time.monotonic() < until else None

    async def _looked_up(self, key_id: str, access: Access) -> StoredKey | None:
        asked = time.monotonic()
        key = await run_in_threadpool(access.find, key_id)
        if key is not None:
            if len(self._known) >= _MOST:
                self._known.clear()
            left = self._remember_seconds if key.seconds_left is None else key.seconds_left
            self._known[key_id] = (key, asked + min(left, self._remember_seconds))
        return key


def limited(detail: str, seconds: float) -> RateLimited:
    """The error that says when to come back."""
    error = RateLimited(detail, found="too many", remedy=f"Wait for {seconds:.1f} seconds.")
    error.retry_after_seconds = seconds
    return error


def _bearer(header: bytes | None) -> str:
    kind, _, key = (header or b"").decode("latin-1").partition(" ")
    return key.strip() if kind.lower() == "bearer" else ""


def _refused(header: bytes | None) -> Unauthenticated:
    given = header is not None
    return Unauthenticated(
        "The API key is not good here." if given else "The request carries no API key.",
        expected="Authorization: Bearer jk_...",
        found="a key that is unknown, expired or revoked" if given else "no Authorization header",
        remedy="Ask an administrator of this service for a key.",
    )
