"""The records' part about jobs: submitted, looked at, canceled, removed."""

from sqlalchemy import Connection

from junco.contract.job import Job
from junco.contract.plan import Plan
from junco.contract.request import PlanRequest
from junco.storage import jobs, lifecycle, quotas, submissions
from junco.storage.blobs import Blobs
from junco.storage.claim import StoredFile
from junco.storage.rows import job_of
from junco.storage.submissions import Once
from junco.storage.view import View


class Validations(View):
    """Jobs, as clients see them. Every method is one transaction."""

    def require_turn(self) -> None:
        """Raise ``QuotaExceeded`` if the tenant has as many unfinished validations as it may."""
        with self._database.read() as connection:
            quotas.require_turn(connection, self.tenant, self._settings.tenant_jobs, lock=False)

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
