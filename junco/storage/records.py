"""The records: one object through which the service and the workers see the database."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import func, insert, select, text, update

from junco.contract.errors import Problem
from junco.contract.images import ImageSet
from junco.contract.job import InspectionState, Job, ShardState
from junco.contract.plan import Plan, PlanRequest
from junco.contract.resources import ImageSetResource, ModelResource, WorkerStatus
from junco.storage import claims, images, jobs, lifecycle, models, outbox
from junco.storage.blobs import Blobs
from junco.storage.claim import Claim, Directive, Result, StoredFile
from junco.storage.database import Database, clock
from junco.storage.rows import job_of, model_of
from junco.storage.settings import StorageSettings
from junco.storage.sweep import Swept, sweep
from junco.storage.tables import jobs as job_table
from junco.storage.tables import work, workers

_LOOK_AHEAD = 8
"""Candidates tried by one claim_next: others may be claiming the same ones."""


@dataclass(frozen=True)
class WorkerCard:
    """How a worker introduces itself."""

    owner: str
    device: str
    sandbox: str
    version: str


class Records:
    """Models, image sets, jobs and work. Every method is one transaction; every time is the database's."""

    def __init__(self, database: Database, settings: StorageSettings) -> None:
        self._database, self._settings = database, settings

    # -- models and image sets

    def add_model(self, upload: models.Upload, blobs: Blobs) -> tuple[ModelResource, bool]:
        """The model and whether it is new; raises ``InUse``.

        Looks for the bytes inside the transaction: a deletion removes them inside its own, so that a model never
        outlives its bytes.
        """
        with self._database.write() as connection:
            new = models.add(connection, upload, max_attempts=self._settings.max_attempts)
            blobs.require(upload.digest)
            return model_of(models.row_of(connection, upload.digest)), new

    def model(self, model: str) -> ModelResource:
        """A model; raises ``NotFound``."""
        with self._database.read() as connection:
            return model_of(models.row_of(connection, model))

    def models(self, *, after: str | None = None, size: int) -> list[ModelResource]:
        """Newest first, those older than the model ``after``; raises ``NotFound`` if that one is gone."""
        with self._database.read() as connection:
            return models.page(connection, after=after, size=size)

    def remove_model(self, model: str, blobs: Blobs, *, only_rejected: bool = False) -> None:
        """Delete a model and its bytes; raises ``NotFound``, ``InUse``. ``only_rejected`` leaves any other alone."""
        with self._database.write() as connection:
            if only_rejected and models.row_of(connection, model)["state"] != InspectionState.REJECTED:
                return
            models.remove(connection, model)
            blobs.delete(model)

    def add_images(self, image_set: ImageSet) -> tuple[ImageSetResource, bool]:
        """The image set and whether it is new."""
        with self._database.write() as connection:
            new = images.add(connection, image_set)
            return images.get(connection, image_set.id), new

    def images(self, set_id: str) -> ImageSetResource:
        """An image set; raises ``NotFound``."""
        with self._database.read() as connection:
            return images.get(connection, set_id)

    # -- jobs

    def submit(self, request: PlanRequest) -> Job:
        """Accept a job; raises what resolving raises, ``NotFound``, or the rejected model's problem."""
        with self._database.write() as connection:
            job_id = lifecycle.submit(
                connection,
                request,
                queue_seconds=self._settings.queue_seconds,
                max_attempts=self._settings.max_attempts,
            )
            return job_of(jobs.row_of(connection, job_id))

    def preview(self, request: PlanRequest) -> Plan | None:
        """The plan that ``submit`` would run; None while the model's inspection is pending. Raises as it does."""
        with self._database.write() as connection:
            return lifecycle.planned(connection, request)

    def job(self, job_id: str) -> Job:
        """A job; raises ``NotFound``."""
        with self._database.read() as connection:
            return job_of(jobs.row_of(connection, job_id))

    def jobs(
        self, *, state: str | None = None, model: str | None = None, after: str | None = None, size: int
    ) -> list[Job]:
        """Newest first, those older than the id ``after``."""
        with self._database.read() as connection:
            return jobs.page(connection, state=state, model=model, after=after, size=size)

    def files(self, job_id: str) -> tuple[StoredFile, ...]:
        """The files of a job's result by name; none before it succeeded. Raises ``NotFound``."""
        with self._database.read() as connection:
            jobs.row_of(connection, job_id)
            return jobs.files_of(connection, job_id)

    def cancel(self, job_id: str) -> Job:
        """Ask a job to stop; raises ``NotFound``, ``JobAlreadyFinished``."""
        with self._database.write() as connection:
            lifecycle.cancel(connection, job_id)
            return job_of(jobs.row_of(connection, job_id))

    def remove_job(self, job_id: str, blobs: Blobs) -> None:
        """Delete a finished job, its files and partials; raises ``NotFound``, ``Conflict``."""
        with self._database.write() as connection:
            for digest in jobs.remove(connection, job_id):
                blobs.delete(digest)

    # -- work

    def claim(self, work_id: str, owner: str, *, lease_seconds: float | None = None) -> Claim | None:
        """Take this piece of work; None if it is gone, taken, not yet due, or no longer wanted."""
        lease = lease_seconds or self._settings.lease_seconds
        with self._database.write() as connection:
            return claims.claim(connection, work_id, owner, lease_seconds=lease)

    def claim_next(self, owner: str, *, lease_seconds: float | None = None) -> Claim | None:
        """Take the piece of work that should go next; None if there is none."""
        with self._database.read() as connection:
            free = claims.candidates(connection, _LOOK_AHEAD)
        tried = (self.claim(work_id, owner, lease_seconds=lease_seconds) for work_id in free)
        return next((claim for claim in tried if claim is not None), None)

    def renew(self, claim: Claim, completed: int = 0) -> Directive:
        """Extend the lease and report progress (image passes); what the worker must do."""
        with self._database.write() as connection:
            return claims.renew(connection, claim, completed)

    def complete(self, claim: Claim, result: Result) -> bool:
        """Hand in a result; False if the claim was superseded or canceled, and then nothing was written."""
        with self._database.write() as connection:
            return claims.complete(connection, claim, result)

    def fail(self, claim: Claim, problem: Problem, *, retry: bool) -> bool:
        """Report a failed attempt; with ``retry`` it is tried again while attempts are left. False if superseded."""
        with self._database.write() as connection:
            return claims.fail(connection, claim, problem, retry=retry, pause=self._settings.retry_seconds)

    def release(self, claim: Claim) -> bool:
        """Give work back, the attempt not charged: the worker shuts down. False if superseded."""
        with self._database.write() as connection:
            return claims.release(connection, claim)

    # -- housekeeping

    def sweep(self) -> Swept:
        """Reap dead leases, late jobs and unheard bells; safe to run from anywhere, any number of times."""
        return sweep(self._database, republish_seconds=self._settings.republish_seconds)

    def publish_pending(self, publish: Callable[[str], None]) -> int:
        """Ring the bell for queued work that was not announced; how many rang."""
        return outbox.publish_pending(self._database, publish)

    def beat(self, card: WorkerCard) -> None:
        """Note that a worker lives."""
        values = {"device": card.device, "sandbox": card.sandbox, "version": card.version, "seen": clock()}
        with self._database.write() as connection:
            known = connection.execute(update(workers).where(workers.c.owner == card.owner).values(**values))
            if known.rowcount == 0:
                connection.execute(insert(workers).values(owner=card.owner, **values))

    def workers(self, *, within_seconds: float) -> tuple[WorkerStatus, ...]:
        """Workers heard of lately."""
        ago = (clock() - workers.c.seen).label("ago")
        query = select(workers, ago).where(ago < within_seconds).order_by(workers.c.owner)
        with self._database.read() as connection:
            return tuple(
                WorkerStatus(
                    owner=row.owner,
                    device=row.device,
                    sandbox=row.sandbox,
                    version=row.version,
                    seen_seconds_ago=round(row.ago, 3),
                )
                for row in connection.execute(query)
            )

    def job_counts(self) -> dict[str, int]:
        """Jobs by state."""
        query = select(job_table.c.state, func.count()).group_by(job_table.c.state)
        with self._database.read() as connection:
            return {str(state): int(count) for state, count in connection.execute(query)}

    def queue_depth(self) -> int:
        """Pieces of work that wait."""
        query = select(func.count()).select_from(work).where(work.c.state == ShardState.QUEUED)
        with self._database.read() as connection:
            return int(connection.scalar(query) or 0)

    def ping(self) -> None:
        """Raise whatever the database raises if it cannot be read."""
        with self._database.read() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close every connection."""
        self._database.close()
