"""One piece of work from claim to answer. Both ways of running, embedded and Celery, end here."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from junco.contract.errors import Internal, JuncoError
from junco.storage.blobs import Blobs
from junco.storage.claim import Claim
from junco.storage.outages import OUTAGES
from junco.storage.records import Records
from worker.heartbeat import Heartbeat, Reason, Stopped
from worker.results import store
from worker.runner.spare import Runners
from worker.settings import WorkerSettings
from worker.stage import stage

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Executor:
    """What one lane of a worker needs. Belongs to one thread, as its runners do."""

    records: Records
    blobs: Blobs
    runners: Runners
    settings: WorkerSettings
    shutdown: threading.Event = field(default_factory=threading.Event)

    def carry_out(self, claim: Claim) -> None:
        """Does the work and reports its end, whatever the end is; never raises for what a model does."""
        started = time.monotonic()
        try:
            word = self._attempt(claim)
        except Stopped as stopped:
            word = stopped.reason.value
            # A canceled piece is handed back too: the records see that nobody holds it and close the job.
            if stopped.reason is not Reason.SUPERSEDED:
                self._insist(lambda: self.records.release(claim))
        except JuncoError as error:
            word = error.code
            problem = error.problem().model_copy(update={"stage": error.stage or claim.kind.value})
            retry = error.retryable
            self._insist(lambda: self.records.fail(claim, problem, retry=retry))
        log.info(
            "%s %s attempt %d: %s after %.1f s",
            claim.kind.value,
            claim.work_id,
            claim.attempt,
            word,
            time.monotonic() - started,
        )

    def _attempt(self, claim: Claim) -> str:
        try:
            with (
                Heartbeat(self.records, claim, shutdown=self.shutdown) as heartbeat,
                self.runners.take() as runner,
            ):
                task = stage(claim, self.blobs, runner, settings=self.settings)
                files = runner.run(
                    task, deadline_s=self._seconds(claim), on_event=heartbeat.advance, poll=heartbeat.check
                )
                result = store(claim, files, self.blobs)
                heartbeat.check()
            self._insist(lambda: self.records.complete(claim, result))
        except (Stopped, JuncoError):
            raise
        except Exception as error:
            # A full disk, a store out of reach, or a bug of ours: never the model's fault, so another attempt may do,
            # and whatever it was, the worker lives on.
            log.exception("%s %s", claim.kind.value, claim.work_id)
            raise Internal(
                "The worker could not carry out the work.", found=f"{type(error).__name__}: {error}"[:300]
            ) from error
        return "done"

    def _seconds(self, claim: Claim) -> float:
        return self.settings.inspect_seconds if claim.seconds_left is None else max(claim.seconds_left, 0.0)

    def _insist(self, call: Callable[[], object]) -> None:
        """Repeats a write while the database is out of reach, for as long as the lease can last."""
        end = time.monotonic() + self.settings.lease_seconds
        while True:
            try:
                call()
                return
            except OUTAGES as error:
                if time.monotonic() > end:
                    log.error("gave up a write; the lease will run out and the work be done again: %s", error)
                    return
                time.sleep(0.5)
