"""Polling made cheap: a look where the records are a file is taken on the spot, looks at a server that wait at the same
time share one query, and what has not changed is not built again."""

import asyncio
import sqlite3
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from junco.contract.job import Job
from service.outages import outages

Stamp = tuple[str, int]
"""Whose a job is, and its revision."""
_KEPT = 512
"""Bodies kept; a job with a large plan is some tens of kilobytes."""


@dataclass(frozen=True)
class Shown:
    """A validation as clients are shown it: with its links, and as a whole answer of HTTP."""

    job: Job
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...]


class Polls:
    """Only ever touched by the event loop's thread. Nothing is answered from before the question was asked."""

    def __init__(
        self, look: Callable[[list[str]], dict[str, Stamp]], glance: Callable[[str], Stamp | None] | None = None
    ) -> None:
        self._look, self._glance = look, glance
        self._waiting: list[tuple[str, asyncio.Future[Stamp | None]]] = []
        self._looking: asyncio.Task[None] | None = None
        self._bodies: OrderedDict[tuple[str, int], Shown] = OrderedDict()

    async def stamp(self, job_id: str) -> Stamp | None:
        """Whose the job is and its revision; None if there is none. Raises what the database raises."""
        if self._glance is not None:
            with suppress(sqlite3.Error):  # whatever it is, the long way tells it from an outage
                return self._glance(job_id)
        loop = asyncio.get_running_loop()
        asked: asyncio.Future[Stamp | None] = loop.create_future()
        self._waiting.append((job_id, asked))
        if self._looking is None:
            self._looking = loop.create_task(self._look_while_asked())
        return await asked

    async def _look_while_asked(self) -> None:
        # Whoever asks during a query is not told what it finds: that look may have begun before their question.
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                await self._answer(batch)
        finally:
            self._looking = None

    async def _answer(self, batch: list[tuple[str, "asyncio.Future[Stamp | None]"]]) -> None:
        try:
            with outages():
                found = await run_in_threadpool(self._look, list({name for name, _ in batch if "\0" not in name}))
        except Exception as error:  # noqa: BLE001,RUF100 - passed on to everybody who asked
            for _, asked in batch:
                if not asked.done():  # whoever went away has no use for it
                    asked.set_exception(error)
            return
        for name, asked in batch:
            if not asked.done():
                asked.set_result(found.get(name))

    def kept(self, job_id: str, revision: int) -> Shown | None:
        """What was built for this revision, if it is still kept."""
        found = self._bodies.get((job_id, revision))
        if found is not None:
            self._bodies.move_to_end((job_id, revision))
        return found

    def keep(self, shown: Shown) -> None:
        """Keep what was built."""
        self._bodies[shown.job.id, shown.job.revision] = shown
        if len(self._bodies) > _KEPT:
            self._bodies.popitem(last=False)
