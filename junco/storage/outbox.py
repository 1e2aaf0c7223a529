"""Bells for queued work: written with the work, rung after the commit, at least once."""

from collections.abc import Callable

from sqlalchemy import select, update

from junco.contract.job import ShardState
from junco.storage.database import Database, clock
from junco.storage.tables import outbox, work

_BATCH = 200


def publish_pending(database: Database, publish: Callable[[str], None]) -> int:
    """Ring for every queued piece of work whose bell has not rung; how many. What ``publish`` raises ends the round.

    A bell rung twice is harmless: the claim decides.
    """
    count = 0
    while batch := _pending(database):
        for work_id in batch:
            publish(work_id)
            _rung(database, work_id)
        count += len(batch)
    return count


def _pending(database: Database) -> list[str]:
    query = (
        select(outbox.c.work_id)
        .join(work, work.c.id == outbox.c.work_id)
        .where(outbox.c.published_at.is_(None), work.c.state == ShardState.QUEUED, work.c.not_before <= clock())
        .order_by(work.c.rank, work.c.create_time, work.c.place)
        .limit(_BATCH)
    )
    with database.read() as connection:
        return list(connection.scalars(query))


def _rung(database: Database, work_id: str) -> None:
    with database.write() as connection:
        connection.execute(update(outbox).where(outbox.c.work_id == work_id).values(published_at=clock()))
