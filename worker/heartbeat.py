"""Keeps a lease alive while work goes on, and learns on the way whether to stop."""

import logging
import threading
import time
from enum import StrEnum
from types import TracebackType
from typing import Protocol, Self

from junco.contract.wire import Advanced
from junco.storage.claim import Claim, Directive

log = logging.getLogger(__name__)


class Reason(StrEnum):
    """Why work stops before it is done."""

    CANCELED = "canceled"
    SUPERSEDED = "superseded"
    SHUTDOWN = "shutdown"


class Stopped(Exception):
    """Work must stop; carries why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class Renews(Protocol):
    """The part of the records that a heartbeat needs."""

    def renew(self, claim: Claim, completed: int) -> Directive: ...


class Heartbeat:
    """A thread that renews ``claim``'s lease three times in its length; used as a context manager."""

    def __init__(self, records: Renews, claim: Claim, *, shutdown: threading.Event) -> None:
        self._records, self._claim, self._shutdown = records, claim, shutdown
        self._completed = 0
        self._reason: Reason | None = None
        self._ended = threading.Event()
        self._renewed = time.monotonic()
        self._thread = threading.Thread(target=self._beat, name=f"heartbeat-{claim.work_id}", daemon=True)

    def advance(self, event: Advanced) -> None:
        """Notes progress, which the next renewal reports."""
        self._completed = max(self._completed, event.completed)

    def check(self) -> None:
        """Raises ``Stopped`` once the work was canceled, was given to another worker, or the worker shuts down."""
        if self._reason is not None:
            raise Stopped(self._reason)
        if self._shutdown.is_set():
            raise Stopped(Reason.SHUTDOWN)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        # At most two seconds: progress and cancels travel by renewals, and people watch both.
        pause = min(self._claim.lease_seconds / 3, 2.0)
        while not self._ended.wait(pause) and self._reason is None:
            try:
                self._obey(self._records.renew(self._claim, self._completed))
                self._renewed = time.monotonic()
            except Exception as error:
                log.warning("lease of %s not renewed: %s", self._claim.work_id, error)
                # Nobody can tell us any more; once the lease has run out, another worker may have the work.
                if time.monotonic() - self._renewed > self._claim.lease_seconds:
                    self._reason = Reason.SUPERSEDED

    def _obey(self, directive: Directive) -> None:
        match directive:
            case Directive.CANCEL:
                self._reason = Reason.CANCELED
            case Directive.SUPERSEDED:
                self._reason = Reason.SUPERSEDED
            case Directive.CONTINUE:
                pass
