"""The records: one object through which the service and the workers see the database."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import Connection, func, insert, select, text, update

from junco.contract.access import DEFAULT_TENANT
from junco.contract.errors import Problem
from junco.contract.images import ImageSet
from junco.contract.job import InspectionState, Job, ShardState
from junco.contract.plan import Plan, PlanRequest
from junco.contract.resources import ImageSetResource, ModelResource, WorkerStatus
from junco.storage import claims, images, jobs, lifecycle, models, outbox, quotas, submissions
from junco.storage.access import Access
from junco.storage.blobs import Blobs
from junco.storage.claim import Claim, Directive, Result, StoredFile
from junco.storage.database import Database, clock
from junco.storage.rows import job_of, model_of
from junco.storage.scoped import key_in, lock_digest
from junco.storage.settings import StorageSettings
from junco.storage.submissions import Once
from junco.storage.sweep import Swept, sweep
from junco.storage.tables import jobs as job_table
from junco.storage.tables import work, workers
from junco.storage.upkeep import Upkeep

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
    """Models, image sets, jobs and work. Every method is one transaction; every time is the database's.

    ``of`` gives the view of one tenant, to whom nothing of the others exists. Without it, uploads are the default
    tenant's and jobs are everybody's.
    """

    def __init__(self, database: Database, settings: StorageSettings, tenant: str | None = None) -> None:
        self._database, self._settings, self._tenant = database, settings, tenant

    def of(self, tenant: str) -> "Records":
        """The same records as one tenant sees them."""
        return Records(self._database, self._settings, tenant)

    @property
    def access(self) -> Access:
        """Keys and the log."""
        return Access(self._database)

    @property
    def upkeep(self) -> Upkeep:
        """What operators do."""
        return Upkeep(self._database, self._settings)

    @property
    def tenant(self) -> str:
        """Whose uploads these are."""
        return self._tenant or DEFAULT_TENANT

    def sees(self, tenant: str) -> bool:
        """Whether what is ``tenant``'s exists in this view."""
        return self._tenant in (None, tenant)

    def _key(self, digest: str) -> str:
        return key_in(self.tenant, digest)

    # -- models and image sets

    def add_model(self, upload: models.Upload, blobs: Blobs) -> tuple[ModelResource, bool]:
        """The model and whether it is new; raises ``InUse``, ``QuotaExceeded``.

        Looks for the bytes inside the transaction: a deletion removes them inside its own, so that a model never
        outlives its bytes.
        """
        with self._database.write() as connection:
            lock_digest(connection, upload.digest)
            self._hold(connection, upload.digest, upload.size)
            key = self._key(upload.digest)
            new = models.add(connection, replace(upload, digest=key), max_attempts=self._settings.max_attempts)
            blobs.require(upload.digest)
            return model_of(models.row_of(connection, key)), new

    def model(self, model: str) -> ModelResource:
        """A model; raises ``NotFound``."""
        with self._database.read() as connection:
            return model_of(models.row_of(connection, self._key(model)))

    def models(self, *, after: str | None = None, size: int) -> list[ModelResource]:
        """Newest first, those older than the model ``after``; raises ``NotFound`` if that one is gone."""
        with self._database.read() as connection:
            return models.page(connection, after=after, size=size, tenant=self.tenant)

    def remove_model(self, model: str, blobs: Blobs, *, only_rejected: bool = False) -> None:
        """Delete a model and its bytes; raises ``NotFound``, ``InUse``. ``only_rejected`` leaves any other alone."""
        with self._database.write() as connection:
            lock_digest(connection, model)
            key = self._key(model)
            if only_rejected and models.row_of(connection, key)["state"] != InspectionState.REJECTED:
                return
            models.remove(connection, key)
            quotas.drop(connection, self.tenant, model)
            if not models.shared(connection, model):
                blobs.delete(model)

    def add_images(self, image_set: ImageSet, *, size: int = 0) -> tuple[ImageSetResource, bool]:
        """The image set and whether it is new; ``size`` in bytes, of all its files. Raises ``QuotaExceeded``."""
        with self._database.write() as connection:
            self._hold(connection, image_set.id, size)
            key = self._key(image_set.id)
            new = images.add(connection, image_set, key)
            return images.get(connection, key), new

    def _hold(self, connection: Connection, digest: str, size: int) -> None:
        quotas.hold(connection, self.tenant, digest, size=size, limit=self._settings.tenant_bytes)

    def room(self) -> int | None:
        """Bytes that the tenant may still store; None without a limit."""
        if self._settings.tenant_bytes is None:
            return None
        with self._database.read() as connection:
            return max(0, self._settings.tenant_bytes - quotas.stored(connection, self.tenant))

    def require_turn(self) -> None:
        """Raise ``QuotaExceeded`` if the tenant has as many unfinished validations as it may."""
        with self._database.read() as connection:
            quotas.require_turn(connection, self.tenant, self._settings.tenant_jobs, lock=False)

    def images(self, set_id: str) -> ImageSetResource:
        """An image set; raises ``NotFound``."""
        with self._database.read() as connection:
            return images.get(connection, self._key(set_id))

    # -- jobs

    def submit(self, request: PlanRequest) -> Job:
        """Accept a job; raises what resolving raises, ``NotFound``, ``QuotaExceeded``, a rejected model's problem."""
        return self.submit_once(request, Once())[0]

    def submit_once(self, request: PlanRequest, once: Once) -> tuple[Job, bool]:
        """As ``submit``, or the job that answers the request already; whether it does. Raises
        ``IdempotencyKeyReused`` too."""
        with self._database.write() as connection:
            if once.key and (known := submissions.replayed(connection, self.tenant, once.key, request)):
                return job_of(jobs.row_of(connection, known)), True
            plan = lifecycle.planned(connection, request, self.tenant)
            equal = None
            if once.reuse and plan is not None:
                equal = submissions.succeeded(connection, self.tenant, submissions.fingerprint(plan, request))
            job_id = equal or self._submit(connection, request, plan)
            if once.key:
                submissions.answered(connection, self.tenant, once.key, job_id)
            return job_of(jobs.row_of(connection, job_id)), equal is not None

    def _submit(self, connection: Connection, request: PlanRequest, plan: Plan | None) -> str:
        quotas.require_turn(connection, self.tenant, self._settings.tenant_jobs)
        terms = lifecycle.Terms(self._settings.queue_seconds, self._settings.max_attempts, self.tenant)
        return lifecycle.submit(connection, request, plan, terms)

    def preview(self, request: PlanRequest) -> Plan | None:
        """The plan that ``submit`` would run; None while the model's inspection is pending. Raises as it does."""
        with self._database.write() as connection:
            return lifecycle.planned(connection, request, self.tenant)

    def job(self, job_id: str) -> Job:
        """A job; raises ``NotFound``."""
        with self._database.read() as connection:
            return job_of(submissions.owned(connection, job_id, self._tenant))

    def revisions(self, ids: list[str]) -> dict[str, tuple[str, int]]:
        """Tenant and revision of those of the jobs that exist, whoever's they are."""
        with self._database.read() as connection:
            return submissions.stamps(connection, ids)

    def jobs(
        self, *, state: str | None = None, model: str | None = None, after: str | None = None, size: int
    ) -> list[Job]:
        """Newest first, those older than the id ``after``."""
        with self._database.read() as connection:
            key = None if model is None else self._key(model)
            return jobs.page(connection, state=state, model=key, after=after, size=size, tenant=self._tenant)

    def files(self, job_id: str) -> tuple[StoredFile, ...]:
        """The files of a job's result by name; none before it succeeded. Raises ``NotFound``."""
        with self._database.read() as connection:
            submissions.owned(connection, job_id, self._tenant)
            return jobs.files_of(connection, job_id)

    def cancel(self, job_id: str) -> Job:
        """Ask a job to stop; raises ``NotFound``, ``JobAlreadyFinished``."""
        with self._database.write() as connection:
            submissions.owned(connection, job_id, self._tenant)
            lifecycle.cancel(connection, job_id)
            return job_of(jobs.row_of(connection, job_id))

    def remove_job(self, job_id: str, blobs: Blobs) -> None:
        """Delete a finished job, its files and partials; raises ``NotFound``, ``Conflict``."""
        with self._database.write() as connection:
            submissions.owned(connection, job_id, self._tenant)
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
        if self._tenant is not None:
            query = query.where(submissions.of_tenant(self._tenant))
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
