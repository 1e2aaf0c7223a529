"""The reaper: nothing stays running for ever."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, case, select, update

from junco.contract.errors import DeadlineExceeded, WorkerLost
from junco.contract.job import JobState, ShardState, WorkKind
from junco.storage import lifecycle, models
from junco.storage.database import Database, clock
from junco.storage.jobs import fail_job, settle
from junco.storage.tables import jobs, outbox, work
from junco.storage.work import end, lock_job, lock_parent, requeue


@dataclass(frozen=True)
class Swept:
    """What a sweep found and mended."""

    requeued: int = 0
    lost: int = 0
    overdue: int = 0
    expired: int = 0
    rung_again: int = 0


def sweep(database: Database, *, republish_seconds: float) -> Swept:
    """Reap dead leases, late jobs and unheard bells; each in its own short transaction. Safe to run anywhere."""
    with database.read() as connection:
        dead = list(connection.scalars(select(work.c.id).where(_dead())))
        overdue = _late(connection, JobState.RUNNING)
        expired = _late(connection, JobState.QUEUED)
    reaped = [_apart(database, _reap, work_id) for work_id in dead]
    return Swept(
        requeued=reaped.count("requeued"),
        lost=reaped.count("lost"),
        overdue=sum(_apart(database, _end_overdue, job_id) is not None for job_id in overdue),
        expired=sum(_apart(database, _end_expired, job_id) is not None for job_id in expired),
        rung_again=_ring_again(database, republish_seconds),
    )


def _dead() -> ColumnElement[bool]:
    return and_(work.c.state == ShardState.RUNNING, work.c.lease_until < clock())


def _late(connection: Connection, state: JobState) -> list[str]:
    limit = jobs.c.end_by if state is JobState.RUNNING else jobs.c.start_by
    return list(connection.scalars(select(jobs.c.id).where(jobs.c.state == state, limit < clock())))


def _apart(database: Database, act: Callable[[Connection, str], str | None], subject: str) -> str | None:
    with database.write() as connection:
        return act(connection, subject)


def _reap(connection: Connection, work_id: str) -> str | None:
    found = lock_parent(connection, work_id)
    if found is None or connection.execute(select(work.c.id).where(work.c.id == work_id, _dead())).first() is None:
        return None
    row, parent = found
    if row["job_id"] is not None and parent["state"] == JobState.CANCELING:
        end(connection, work_id, ShardState.CANCELED)
        settle(connection, row["job_id"])
        return "canceled"
    if row["attempt"] - row["released"] < row["max_attempts"]:
        requeue(connection, work_id, charged=True)
        if row["kind"] == WorkKind.INSPECT:
            models.waiting(connection, row["model"])
        return "requeued"
    problem = _lost(row["max_attempts"], row["kind"]).problem()
    end(connection, work_id, ShardState.FAILED, problem.model_dump_json())
    lifecycle.refused(connection, WorkKind(row["kind"]), parent, problem)
    return "lost"


def _lost(attempts: int, kind: str) -> WorkerLost:
    return WorkerLost(
        f"Each of {attempts} workers that took this {kind} fell silent.",
        expected="a worker that reports back within its lease",
        found="none did",
        remedy="Look at the workers' logs: a model that takes a worker down with it is the usual cause.",
        stage=kind,
    )


def _end_overdue(connection: Connection, job_id: str) -> str | None:
    job = lock_job(connection, job_id)
    if job is None or job_id not in _late(connection, JobState.RUNNING):
        return None
    error = DeadlineExceeded(
        "The validation did not finish within its timeout_seconds.",
        remedy="Allow more time, choose a smaller profile, or add workers.",
        stage=job["stage"],
    )
    return job_id if fail_job(connection, job, error.problem()) else None


def _end_expired(connection: Connection, job_id: str) -> str | None:
    job = lock_job(connection, job_id)
    if job is None or job_id not in _late(connection, JobState.QUEUED):
        return None
    error = DeadlineExceeded(
        "No worker began the validation in time.", remedy="See that workers run, then submit again.", stage="queue"
    )
    return job_id if fail_job(connection, job, error.problem(), JobState.EXPIRED) else None


_RING_AGAIN = 200
"""Most bells of a round: a round of housekeeping must stay short, and the next one comes soon."""
_LONGEST = 10
"""Longest pause between two bells for one piece of work, in ``republish_seconds``."""


def _ring_again(database: Database, republish_seconds: float) -> int:
    # Each pause longer than the last: a queue of hours must not fill the broker with bells for work that waits.
    squared = outbox.c.rings * outbox.c.rings
    pause = republish_seconds * case((squared < _LONGEST, squared), else_=_LONGEST)
    unheard = and_(outbox.c.published_at < clock() - republish_seconds, outbox.c.published_at < clock() - pause)
    query = select(outbox.c.work_id).join(work, work.c.id == outbox.c.work_id)
    query = query.where(work.c.state == ShardState.QUEUED, unheard).order_by(outbox.c.published_at).limit(_RING_AGAIN)
    with database.read() as connection:
        found = list(connection.scalars(query))
    # One row a transaction: replicas sweep at the same time, and must not wait for each other in circles.
    return sum(_apart(database, _unring, work_id) is not None for work_id in found)


def _unring(connection: Connection, work_id: str) -> str | None:
    rung = update(outbox).where(outbox.c.work_id == work_id, outbox.c.published_at.is_not(None))
    return work_id if connection.execute(rung.values(published_at=None)).rowcount else None
