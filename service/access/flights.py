"""What is under way in this process: requests by their Idempotency-Key, and each tenant's uploads."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from junco.contract.errors import BadInput, FieldProblem, QuotaExceeded, RequestInFlight

_KEY = re.compile(r'"?([\x21\x23-\x7e]{1,255}?)"?', re.ASCII)


class Flights:
    """Only ever touched by the event loop's thread."""

    def __init__(self) -> None:
        self._names: set[tuple[str, str]] = set()
        self._uploads: Counter[str] = Counter()

    @contextmanager
    def once(self, tenant: str, key: str | None) -> Iterator[None]:
        """Hold the tenant's key; raises ``RequestInFlight`` while another request holds it. No key, no hold."""
        if key is None:
            yield
            return
        name = (tenant, key)
        if name in self._names:
            raise RequestInFlight(
                "A request with this Idempotency-Key is being answered just now.",
                expected="one request at a time",
                found="two",
                remedy="Wait, then send it again: the answer will be the same.",
            )
        self._names.add(name)
        try:
            yield
        finally:
            self._names.discard(name)

    @contextmanager
    def upload(self, tenant: str, most: int) -> Iterator[None]:
        """Count one of the tenant's uploads; raises ``QuotaExceeded`` if ``most`` are under way."""
        if self._uploads[tenant] >= most:
            raise QuotaExceeded(
                "Too many uploads at a time.",
                expected=f"at most {most}",
                found=str(most + 1),
                remedy="Wait for the others to end.",
            )
        self._uploads[tenant] += 1
        try:
            yield
        finally:
            self._uploads[tenant] -= 1


def idempotency_key(header: str | None) -> str | None:
    """The key that the header names, with or without quotes; raises ``BadInput``."""
    if header is None:
        return None
    found = _KEY.fullmatch(header.strip())
    if found is None:
        detail = "The Idempotency-Key cannot be used."
        raise BadInput(
            detail,
            expected="1 to 255 visible ASCII characters",
            found=header[:50],
            errors=[FieldProblem(pointer="/header/Idempotency-Key", detail=detail)],
        )
    return found[1]
