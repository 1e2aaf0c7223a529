"""Job rows: moves along the one table of transitions, progress, and what clients ask for."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, delete, func, insert, select, union, update

from junco.contract.access import DEFAULT_TENANT
from junco.contract.errors import Conflict, NotFound, Problem, ResultExpired
from junco.contract.job import TRANSITIONS, Job, JobState, ShardState, WorkKind
from junco.contract.request import PlanRequest
from junco.storage.access_tables import submissions
from junco.storage.claim import StoredFile
from junco.storage.database import clock
from junco.storage.references import unreferred
from junco.storage.rows import Row, job_of
from junco.storage.scoped import key_in
from junco.storage.tables import artifacts, job_models, jobs, work
from junco.storage.work import cancel_rest, lock_job, new_id

LIVE = tuple(state for state in JobState if not state.is_terminal)
_UNDONE = tuple(state for state in ShardState if state is not ShardState.DONE)


def add_job(connection: Connection, request: PlanRequest, *, queue_seconds: float, tenant: str = DEFAULT_TENANT) -> Row:
    """A queued job that waits for its plan; locked by being new."""
    job_id = new_id()
    connection.execute(
        insert(jobs).values(
            id=job_id,
            state=JobState.QUEUED,
            model=key_in(tenant, request.model),
            images=key_in(tenant, request.images),
            request=request.model_dump_json(),
            stage="inspection",
            create_time=clock(),
            update_time=clock(),
            start_by=clock() + queue_seconds,
        )
    )
    return row_of(connection, job_id)


def row_of(connection: Connection, job_id: str) -> Row:
    """A job's row; raises ``NotFound``."""
    # PostgreSQL refuses NUL in a string; no id holds one.
    row = None if "\0" in job_id else connection.execute(select(jobs).where(jobs.c.id == job_id)).mappings().first()
    if row is None:
        raise missing(job_id)
    return row


def missing(job_id: str) -> NotFound:
    """The error for an unknown job."""
    return NotFound(f"There is no validation {job_id!r}.", expected="the id of a validation", found=job_id[:80])


def touch(connection: Connection, job_id: str, **values: Any) -> None:
    """Write what clients can see: the revision moves with it."""
    connection.execute(
        update(jobs).where(jobs.c.id == job_id).values(**values, revision=jobs.c.revision + 1, update_time=clock())
    )


def move(connection: Connection, job: Row, to: JobState, **values: Any) -> bool:
    """Take the transition if the table allows it from where the job stands; whether it was taken."""
    if to not in TRANSITIONS[JobState(job["state"])]:
        return False
    touch(connection, job["id"], state=to, **values, **({"end_time": clock()} if to.is_terminal else {}))
    if to.is_terminal:
        cancel_rest(connection, job["id"], ShardState.QUEUED, ShardState.RUNNING)
    return True


def fail_job(connection: Connection, job: Row, problem: Problem, to: JobState = JobState.FAILED) -> bool:
    """End a job with a problem; its other pieces are canceled."""
    return move(connection, job, to, error=problem.model_dump_json())


def settle(connection: Connection, job_id: str) -> None:
    """End a canceling job once none of its pieces runs."""
    job = lock_job(connection, job_id)
    if job is None or job["state"] != JobState.CANCELING:
        return
    cancel_rest(connection, job_id, ShardState.QUEUED)
    running = select(work.c.id).where(work.c.job_id == job_id, work.c.state == ShardState.RUNNING).limit(1)
    if connection.execute(running).first() is None:
        move(connection, job, JobState.CANCELED)


def advance(connection: Connection, job: Row, *, gained: int = 0, attempt: int = 0) -> None:
    """Add what a shard has gained to the job's progress, which never goes back; ``job`` must be locked.

    Added, not summed over the shards: a job of many shards would pay for all of them at every step of one.
    """
    if gained > 0 or attempt > job["attempt"]:
        more = {"completed": jobs.c.completed + gained, "attempt": max(attempt, job["attempt"])}
        touch(connection, job["id"], **more)


def page(
    connection: Connection,
    *,
    state: str | None,
    model: str | None,
    after: str | None,
    size: int,
    tenant: str | None = None,
) -> list[Job]:
    """Newest first, those older than the id ``after``; ``model`` is the key of a row that a job needs, to judge it or
    beside another. Without ``tenant``, everybody's."""
    query = select(jobs).order_by(jobs.c.id.desc()).limit(size)
    if tenant is not None:
        owner = func.coalesce(submissions.c.tenant, DEFAULT_TENANT)
        query = query.outerjoin(submissions, submissions.c.job_id == jobs.c.id).where(owner == tenant)
    query = query if state is None else query.where(jobs.c.state == state)
    query = query if model is None else query.where(jobs.c.id.in_(union(*jobs_with(model))))
    query = query if after is None else query.where(jobs.c.id < after)
    return [job_of(row) for row in connection.execute(query).mappings()]


def files_of(connection: Connection, job_id: str) -> tuple[StoredFile, ...]:
    """A result's files by name; raises ``ResultExpired`` where they grew old and were removed."""
    if row_of(connection, job_id)["purged"] is not None:
        raise ResultExpired(
            "The files of this result were removed when they grew old; its verdict stays.",
            expected="a result younger than JUNCO_RETENTION_DAYS",
            remedy="Submit the validation again.",
        )
    query = select(artifacts).where(artifacts.c.job_id == job_id).order_by(artifacts.c.name)
    return tuple(StoredFile(row.name, row.media_type, row.size, row.digest) for row in connection.execute(query))


def remove(connection: Connection, job_id: str) -> tuple[str, ...]:
    """Delete a finished job; the digests that nothing refers to any more. Raises ``NotFound``, ``Conflict``."""
    row_of(connection, job_id)
    job = lock_job(connection, job_id) or row_of(connection, job_id)
    if not JobState(job["state"]).is_terminal:
        raise Conflict(
            "A validation that has not finished cannot be deleted.",
            expected="a finished validation",
            found=job["state"],
            remedy="Cancel it first.",
        )
    free = release_bytes(connection, job)
    connection.execute(delete(jobs).where(jobs.c.id == job_id))
    return free


def release_bytes(connection: Connection, job: Row) -> tuple[str, ...]:
    """Forget a finished job's work and files; the digests that nothing refers to any more."""
    owned = _digests(connection, job["id"])
    connection.execute(delete(artifacts).where(artifacts.c.job_id == job["id"]))
    connection.execute(delete(work).where(work.c.job_id == job["id"]))
    # A live job may have stored equal bytes that no row names yet: photos and controls look alike on every model.
    live = select(jobs.c.id).where(jobs.c.state.in_(LIVE)).limit(1)
    if connection.execute(live).first() is not None:
        return ()  # what then stays without a name is an orphan, which retention finds
    return tuple(unreferred(connection, owned))


def _digests(connection: Connection, job_id: str) -> list[str]:
    partials = select(work.c.result).where(work.c.job_id == job_id, work.c.result.is_not(None))
    files = select(artifacts.c.digest).where(artifacts.c.job_id == job_id)
    return sorted({*connection.scalars(partials), *connection.scalars(files)})


def unfinished(connection: Connection, job_id: str) -> bool:
    """Whether any shard of the job is still to be done."""
    # The states by name: "not done" would walk the index over every shard that is.
    query = select(work.c.id).where(work.c.job_id == job_id, work.c.kind == WorkKind.SHARD, work.c.state.in_(_UNDONE))
    return connection.execute(query.limit(1)).first() is not None


def live_on(connection: Connection, model: str) -> bool:
    """Whether a live job needs this model, to judge it or beside another."""
    queries = (query.where(jobs.c.state.in_(LIVE)).limit(1) for query in jobs_with(model))
    return any(connection.execute(query).first() is not None for query in queries)


def needed(connection: Connection, model: str) -> bool:
    """Whether any job, live or ended, needs this model."""
    return any(connection.execute(query.limit(1)).first() is not None for query in jobs_with(model))


def jobs_with(model: str | ColumnElement[str]) -> tuple[Select[tuple[str]], Select[tuple[str]]]:
    """Jobs that judge this model, and those that need it beside another: two queries, each with an index of its own."""
    beside = select(jobs.c.id).join(job_models, job_models.c.job_id == jobs.c.id)
    return select(jobs.c.id).where(jobs.c.model == model), beside.where(job_models.c.model == model)
