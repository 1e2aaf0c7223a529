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
        rung: list[str] = []
        try:
            for work_id in batch:
                publish(work_id)
                rung.append(work_id)
        finally:
            # One transaction a batch: whoever dies before it rings some bells twice.
            _rung(database, rung)
        count += len(batch)
    return count


def _pending(database: Database) -> list[str]:
    query = (
        select(outbox.c.work_id)
        .join(work, work.c.id == outbox.c.work_id)
        .where(outbox.c.published_at.is_(None), work.c.state == ShardState.QUEUED, work.c.not_before <= clock())
        .order_by(outbox.c.rank, outbox.c.work_id)
        .limit(_BATCH)
    )
    with database.read() as connection:
        return list(connection.scalars(query))


def _rung(database: Database, work_ids: list[str]) -> None:
    if not work_ids:
        return
    told = {"published_at": clock(), "rings": outbox.c.rings + 1}
    with database.write() as connection:
        # Locked in one order: replicas publish at the same time, and must not wait for each other in circles.
        named = select(outbox.c.work_id).where(outbox.c.work_id.in_(work_ids)).order_by(outbox.c.work_id)
        locked = list(connection.scalars(named.with_for_update()))
        connection.execute(update(outbox).where(outbox.c.work_id.in_(locked)).values(told))
