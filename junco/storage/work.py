"""Pieces of work: their rows, their locks, their bells."""

from collections.abc import Iterable
from typing import Any

import uuid_utils
from sqlalchemy import ColumnElement, Connection, and_, insert, select, update

from junco.contract.job import ShardState, WorkKind
from junco.contract.plan import Shard
from junco.storage.claim import Claim
from junco.storage.database import clock
from junco.storage.rows import Row
from junco.storage.tables import jobs, models, outbox, work

# A model's inspection unblocks whole jobs, and a finalise ends one: both go before more shards.
_RANK = {WorkKind.INSPECT: 0, WorkKind.FINALISE: 1, WorkKind.SHARD: 2}


def new_id() -> str:
    """A fresh id; later ids sort after earlier ones."""
    return str(uuid_utils.uuid7())


def add_inspection(connection: Connection, model: str, *, max_attempts: int) -> None:
    """Ask for a model's inspection."""
    _add(connection, [{"kind": WorkKind.INSPECT, "model": model}], max_attempts)


def add_shards(connection: Connection, job: Row, pieces: Iterable[Shard], *, max_attempts: int) -> None:
    """Ask for a job's shards."""
    rows = [
        {
            "kind": WorkKind.SHARD,
            "model": job["model"],
            "job_id": job["id"],
            "place": piece.index,
            "payload": piece.model_dump_json(),
            "cost": piece.cost,
        }
        for piece in pieces
    ]
    _add(connection, rows, max_attempts)


def add_finalise(connection: Connection, job: Row, *, max_attempts: int) -> None:
    """Ask for a job's outcome."""
    _add(connection, [{"kind": WorkKind.FINALISE, "model": job["model"], "job_id": job["id"]}], max_attempts)


def _add(connection: Connection, rows: list[dict[str, Any]], max_attempts: int) -> None:
    fixed = {"state": ShardState.QUEUED, "max_attempts": max_attempts}
    made = [{**row, **fixed, "id": new_id(), "rank": _RANK[row["kind"]]} for row in rows]
    connection.execute(insert(work).values(create_time=clock()), made)
    connection.execute(insert(outbox), [{"work_id": row["id"], "rank": row["rank"]} for row in made])


def silence(connection: Connection, work_id: str) -> None:
    """Work that somebody holds needs no bell."""
    unrung = update(outbox).where(outbox.c.work_id == work_id, outbox.c.published_at.is_(None))
    connection.execute(unrung.values(published_at=clock()))


def lock_parent(connection: Connection, work_id: str) -> tuple[Row, Row] | None:
    """The work's row and that of its job or model, the parent locked first: one order for all, so no deadlock.

    None if either is gone.
    """
    found = connection.execute(select(work.c.job_id, work.c.model).where(work.c.id == work_id)).first()
    if found is None:
        return None
    parent = lock_job(connection, found.job_id) if found.job_id else lock_model(connection, found.model)
    row = connection.execute(select(work).where(work.c.id == work_id)).mappings().first()
    return None if parent is None or row is None else (row, parent)


def lock_job(connection: Connection, job_id: str) -> Row | None:
    """A job's row, locked until the transaction ends."""
    return connection.execute(select(jobs).where(jobs.c.id == job_id).with_for_update()).mappings().first()


def lock_model(connection: Connection, model: str) -> Row | None:
    """A model's row, locked until the transaction ends."""
    return connection.execute(select(models).where(models.c.id == model).with_for_update()).mappings().first()


def held(claim: Claim) -> ColumnElement[bool]:
    """The fence: true only while the claim is the latest and still running."""
    return and_(
        work.c.id == claim.work_id,
        work.c.attempt == claim.attempt,
        work.c.lease_owner == claim.owner,
        work.c.state == ShardState.RUNNING,
    )


def requeue(connection: Connection, work_id: str, *, charged: bool, pause: float = 0.0) -> None:
    """Back to the queue; an attempt that is not charged does not count against the limit."""
    connection.execute(
        update(work)
        .where(work.c.id == work_id)
        .values(
            state=ShardState.QUEUED,
            lease_owner=None,
            lease_until=None,
            not_before=clock() + pause,
            released=work.c.released + (0 if charged else 1),
        )
    )
    connection.execute(update(outbox).where(outbox.c.work_id == work_id).values(published_at=None, rings=0))


def end(connection: Connection, work_id: str, state: ShardState, problem: str | None = None) -> None:
    """A last state for one piece of work."""
    values = {"state": state, "problem": problem, "lease_owner": None, "lease_until": None}
    connection.execute(update(work).where(work.c.id == work_id).values(**values))


def cancel_rest(connection: Connection, job_id: str, *states: ShardState) -> None:
    """Cancel the job's pieces that are in one of ``states``."""
    connection.execute(
        update(work)
        .where(work.c.job_id == job_id, work.c.state.in_(states))
        .values(state=ShardState.CANCELED, lease_owner=None, lease_until=None)
    )
