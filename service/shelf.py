"""What every route is given: records, blobs, settings, and the bell to ring after a commit."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.types import Scope

from junco.storage import Blobs, Records
from service.access.caller import CALLER, Caller
from service.access.flights import Flights
from service.settings import ServiceSettings
from service.validations.polls import Polls


@dataclass(frozen=True)
class Shelf:
    """Opened when the process starts. ``ring`` announces new work and never raises."""

    records: Records
    blobs: Blobs
    settings: ServiceSettings
    ring: Callable[[], None]
    count: Callable[[str], None]
    polls: Polls
    flights: Flights = field(default_factory=Flights)
    views: "dict[str, Shelf]" = field(default_factory=dict)

    def of(self, tenant: str) -> "Shelf":
        """The same shelf as one tenant sees it."""
        if tenant not in self.views:
            self.views[tenant] = replace(self, records=self.records.of(tenant))
        return self.views[tenant]


def shelf_of(scope: Scope) -> Shelf:
    """The shelf as whoever asks sees it."""
    shelf: Shelf = scope["app"].state.shelf
    caller: Caller | None = scope.get(CALLER)
    return shelf if caller is None else shelf.of(caller.tenant)


async def _of(request: Request) -> Any:
    return shelf_of(request.scope)


ShelfDep = Annotated[Shelf, Depends(_of)]
