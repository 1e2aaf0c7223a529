"""Claiming work, holding it, handing it in: every write is fenced by owner and attempt."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, or_, select, update

from junco.contract.errors import Problem
from junco.contract.job import JobState, ShardState, WorkKind
from junco.storage import cuts, lifecycle, models
from junco.storage.claim import Claim, Computed, Directive, Finalised, Inspected, Result
from junco.storage.database import clock
from junco.storage.filling import filled
from junco.storage.jobs import advance, settle
from junco.storage.rows import Row
from junco.storage.tables import work
from junco.storage.work import end, held, lock_parent, requeue, silence

_RESULTS: dict[WorkKind, type[Result]] = {
    WorkKind.INSPECT: Inspected,
    WorkKind.SHARD: Computed,
    WorkKind.FINALISE: Finalised,
}


def candidates(connection: Connection, count: int) -> list[str]:
    """Work that could be claimed just now: inspections and finales first, then the oldest."""
    # Two looks, not one with "or": each is the head of an index, however long the queue is.
    found = [row for free in (_queued(), _lapsed()) for row in connection.execute(_first(free, count))]
    return [row.id for row in sorted(found, key=lambda row: (row.rank, row.create_time, row.place))[:count]]


def _first(free: ColumnElement[bool], count: int) -> Select[Any]:
    order = (work.c.rank, work.c.create_time, work.c.place)
    return select(work.c.id, *order).where(free, _attempts_left()).order_by(*order).limit(count)


def _queued() -> ColumnElement[bool]:
    return and_(work.c.state == ShardState.QUEUED, work.c.not_before <= clock())


def _lapsed() -> ColumnElement[bool]:
    return and_(work.c.state == ShardState.RUNNING, work.c.lease_until < clock())


def _attempts_left() -> ColumnElement[bool]:
    return work.c.attempt - work.c.released < work.c.max_attempts


def claim(connection: Connection, work_id: str, owner: str, *, lease_seconds: float) -> Claim | None:
    """Take a piece of work, or None if it is gone, taken, not yet due, no longer wanted, or of no use as it was cut."""
    found = lock_parent(connection, work_id)
    if found is None or not _wanted(connection, *found):
        return None
    if found[0]["job_id"] is not None and not cuts.fits(found[1]):
        cuts.begin_anew(connection, found[1])
        return None
    take = (
        update(work)
        .where(work.c.id == work_id, or_(_queued(), _lapsed()), _attempts_left())
        .values(
            state=ShardState.RUNNING,
            attempt=work.c.attempt + 1,
            lease_owner=owner,
            lease_until=clock() + lease_seconds,
        )
        .returning(work.c.attempt, work.c.attempt - work.c.released)
    )
    taken = connection.execute(take).first()
    if taken is None:
        return None
    row, parent = found
    attempt, charged = taken
    silence(connection, work_id)
    lifecycle.started(connection, WorkKind(row["kind"]), parent)
    if row["job_id"] is not None:
        advance(connection, parent, attempt=charged)
    held_now = {"work_id": work_id, "owner": owner, "attempt": attempt, "lease_seconds": lease_seconds}
    return filled(connection, row, parent, held_now)


def _wanted(connection: Connection, row: Row, parent: Row) -> bool:
    if row["job_id"] is None:
        return True
    late = parent["end_by"] if parent["state"] == JobState.RUNNING else parent["start_by"]
    return parent["state"] in (JobState.QUEUED, JobState.RUNNING) and late > connection.scalar(select(clock()))


def renew(connection: Connection, claim: Claim, completed: int) -> Directive:
    """Extend the lease and report progress; what the worker must do."""
    found = lock_parent(connection, claim.work_id)
    if found is None:
        return Directive.SUPERSEDED
    before = found[0]["completed"]
    kept = max(before, min(completed, found[0]["cost"]))
    extend = update(work).where(held(claim)).values(lease_until=clock() + claim.lease_seconds, completed=kept)
    if connection.execute(extend).rowcount == 0:
        return Directive.CANCEL if found[0]["state"] == ShardState.CANCELED else Directive.SUPERSEDED
    if claim.job_id is None:
        return Directive.CONTINUE
    advance(connection, found[1], gained=kept - before)
    return Directive.CANCEL if found[1]["state"] == JobState.CANCELING else Directive.CONTINUE


def complete(connection: Connection, claim: Claim, result: Result) -> bool:
    """Hand in a result; False if the claim was superseded or canceled, and nothing was written."""
    _fits(claim, result)
    found = lock_parent(connection, claim.work_id)
    if found is None:
        return False
    values = {"state": ShardState.DONE, "completed": work.c.cost, "lease_owner": None, "lease_until": None}
    partial = result.partial if isinstance(result, Computed) else None
    if connection.execute(update(work).where(held(claim)).values(**values, result=partial)).rowcount == 0:
        return False
    if claim.job_id is not None:
        advance(connection, found[1], gained=found[0]["cost"] - found[0]["completed"])
    lifecycle.finished(connection, found[1], result)
    return True


def _fits(claim: Claim, result: Result) -> None:
    if not isinstance(result, _RESULTS[claim.kind]):
        raise TypeError(f"{claim.kind} is completed with {_RESULTS[claim.kind].__name__}, not {type(result).__name__}")
    if isinstance(result, Finalised) and all(file.name != lifecycle.OUTCOME for file in result.files):
        raise ValueError(f"a finalised result holds {lifecycle.OUTCOME}")


def fail(connection: Connection, claim: Claim, problem: Problem, *, retry: bool, pause: float) -> bool:
    """Report a failed attempt; with ``retry`` it is tried again while attempts are left. False if superseded."""
    found = _still(connection, claim)
    if found is None:
        return False
    row, parent = found
    if claim.job_id is not None and parent["state"] == JobState.CANCELING:
        _canceled(connection, row)
    elif retry and (charged := row["attempt"] - row["released"]) < row["max_attempts"]:
        # Of the attempts that failed: work that was handed back often, by workers that shut down, waits no longer.
        requeue(connection, claim.work_id, charged=True, pause=pause * 2 ** (charged - 1))
        _waiting(connection, row)
    else:
        end(connection, claim.work_id, ShardState.FAILED, problem.model_dump_json())
        lifecycle.refused(connection, claim.kind, parent, problem)
    return True


def release(connection: Connection, claim: Claim) -> bool:
    """Give work back unharmed, the attempt not charged: the worker shuts down. False if superseded."""
    found = _still(connection, claim)
    if found is None:
        return False
    if claim.job_id is not None and found[1]["state"] == JobState.CANCELING:
        _canceled(connection, found[0])
    else:
        requeue(connection, claim.work_id, charged=False)
        _waiting(connection, found[0])
    return True


def _still(connection: Connection, claim: Claim) -> tuple[Row, Row] | None:
    found = lock_parent(connection, claim.work_id)
    if found is None or connection.execute(select(work.c.id).where(held(claim))).first() is None:
        return None
    return found


def _canceled(connection: Connection, row: Row) -> None:
    end(connection, row["id"], ShardState.CANCELED)
    settle(connection, row["job_id"])


def _waiting(connection: Connection, row: Row) -> None:
    if row["kind"] == WorkKind.INSPECT:
        models.waiting(connection, row["model"])
