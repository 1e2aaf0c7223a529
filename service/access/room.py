"""Whether an upload fits, before a byte of it is read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from junco.storage.quotas import no_room
from service.shelf import Shelf
from service.uploads import announced, check_length


@asynccontextmanager
async def room(request: Request, shelf: Shelf, most: int) -> AsyncIterator[int]:
    """Holds one of the tenant's places for uploads; gives the bytes that the body may have, at most ``most``.

    Raises ``PayloadTooLarge``, and ``QuotaExceeded`` if there is no place or no room for the announced length.
    """
    check_length(request, most)
    with shelf.flights.upload(shelf.records.tenant, shelf.settings.tenant_uploads):
        left = await run_in_threadpool(shelf.records.room)
        if left is not None and (left == 0 or announced(request) > left):
            limit = shelf.settings.tenant_bytes or 0
            raise no_room(limit, limit - left, announced(request))
        yield most if left is None else min(most, left)
