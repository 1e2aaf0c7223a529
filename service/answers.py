"""Small pieces of HTTP that several resources share: ETags, waits, Accept, ranges."""

import asyncio
import re
from collections.abc import Callable
from typing import TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers

T = TypeVar("T")
MAX_WAIT = 60


def matches(headers: Headers, etag: str) -> bool:
    """Whether If-None-Match names this ETag."""
    named = headers.get("if-none-match", "")
    return named.strip() == "*" or etag in {part.strip().removeprefix("W/") for part in named.split(",")}


def preferred_wait(headers: Headers) -> int | None:
    """Seconds from ``Prefer: wait=N``, at most MAX_WAIT; None if absent or unreadable."""
    found = re.search(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,6})", headers.get("prefer", ""), re.ASCII)
    return None if found is None else min(int(found[1]), MAX_WAIT)


async def wait_until(look: Callable[[], T], done: Callable[[T], bool], *, seconds: float, every: float) -> T:
    """Look again and again until it is done or time is up; between looks nothing is held."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    found = await run_in_threadpool(look)
    while not done(found) and (left := end - loop.time()) > 0:
        await asyncio.sleep(min(every, left))
        found = await run_in_threadpool(look)
    return found


def accepted(headers: Headers, offers: tuple[str, ...]) -> str | None:
    """The offer that Accept likes best, the first one on a tie; None if it likes none."""
    asked = [_weight(part) for part in headers.get("accept", "*/*").split(",") if part.strip()] or [("*/*", 1.0)]
    scores = [(_liked(asked, offer), offer) for offer in offers]
    best, offer = max(scores, key=lambda score: score[0])
    return offer if best > 0 else None


def _liked(asked: list[tuple[str, float]], offer: str) -> float:
    """What is said of this very type counts before what is said of its kind, and that before */*."""
    said = ([q for pattern, q in asked if pattern == named] for named in (offer, offer.split("/")[0] + "/*", "*/*"))
    return next((max(weights) for weights in said if weights), 0.0)


def _weight(part: str) -> tuple[str, float]:
    media_type, *parameters = (piece.strip() for piece in part.split(";"))
    values = [p[2:].strip() for p in parameters if p[:2].lower() == "q="]
    return media_type.lower(), _share(values[0]) if values else 1.0


def _share(text: str) -> float:
    """A weight from 0 to 1; 0 for what is none."""
    try:
        return min(float(text), 1.0) if re.fullmatch(r"[\d.]{1,10}", text, re.ASCII) else 0.0
    except ValueError:
        return 0.0


def one_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Start and end (exclusive) of a single byte range; None if absent, several or unreadable.

    Raises ``ValueError`` if the range lies outside ``size`` bytes.
    """
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", (header or "").strip(), re.ASCII)
    if found is None or found.group(0) == "bytes=-":
        return None
    first, last = found.groups()
    if not first:
        start, end = max(0, size - _number(last)), size
    else:
        start, end = _number(first), min(_number(last) + 1 if last else size, size)
    if last and first and _number(last) < _number(first):
        return None
    if start >= end:
        raise ValueError(f"{header} lies outside {size} bytes")
    return start, end


def _number(digits: str) -> int:
    """A place in a file; of more digits than any file has places, some place behind all of them."""
    return int(digits[:20]) if len(digits) <= 20 else 10**20
