"""What every route is given: records, blobs, settings, and the bell to ring after a commit."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request

from junco.storage import Blobs, Records
from service.settings import ServiceSettings


@dataclass(frozen=True)
class Shelf:
    """Opened when the process starts. ``ring`` announces new work and never raises."""

    records: Records
    blobs: Blobs
    settings: ServiceSettings
    ring: Callable[[], None]
    count: Callable[[str], None]


def _of(request: Request) -> Any:
    return request.app.state.shelf


ShelfDep = Annotated[Shelf, Depends(_of)]
