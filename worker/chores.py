"""What a worker does beside its work: it shows that it lives, and sweeps."""

import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

from junco.contract.errors import JuncoError
from junco.storage.outages import OUTAGES
from junco.storage.records import WorkerCard
from worker.execute import Executor

log = logging.getLogger(__name__)
_CARD_SECONDS = 10.0
_TICK = 0.5
_T = TypeVar("_T")


class Chores:
    """A thread beside a lane: work may take an hour, and the chores must not wait for it."""

    def __init__(self, executor: Executor, card: WorkerCard) -> None:
        self._executor, self._card = executor, card
        self._carded = self._swept = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="chores", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            self._do()
            if self._ended.wait(_TICK):
                return

    def _do(self) -> None:
        now, settings = time.monotonic(), self._executor.settings
        if settings.stop_file is not None and settings.stop_file.exists():
            self._executor.shutdown.set()
        if settings.heartbeat_file is not None:
            settings.heartbeat_file.touch()
        if now - self._carded > _CARD_SECONDS:
            self._carded = now
            patiently(lambda: self._executor.records.beat(self._card))
        if now - self._swept > settings.sweep_seconds:
            self._swept = now
            patiently(self._executor.records.sweep)


def patiently(call: Callable[[], _T]) -> _T | None:
    """What ``call`` gives; None while the database is out of reach, which is no reason to end a worker."""
    try:
        return call()
    except (*OUTAGES, JuncoError) as error:
        log.warning("the records cannot be reached: %s", error)
        return None
