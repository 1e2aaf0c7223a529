"""What grows old goes: files of results, uploads that nobody uses, bytes that nothing refers to."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, Table, delete, func, or_, select

from junco.contract.errors import InUse, NotFound
from junco.contract.job import JobState
from junco.storage import models, quotas
from junco.storage.blobs import Blobs
from junco.storage.database import Database, clock
from junco.storage.jobs import LIVE, jobs_with, release_bytes, touch
from junco.storage.references import referred
from junco.storage.scoped import digest_in, lock_digest, tenant_in
from junco.storage.tables import image_sets, jobs
from junco.storage.tables import models as model_table
from junco.storage.work import lock_job

DAY = 86400.0
_BATCH = 100


@dataclass(frozen=True)
class Retained:
    """What a round removed, and the bytes that the store holds after it."""

    results: int = 0
    uploads: int = 0
    orphans: int = 0
    used: int = 0


def retain(database: Database, blobs: Blobs, *, days: float | None, orphan_seconds: float) -> Retained:
    """One round; each removal in its own short transaction, bytes inside it. Safe to run anywhere.

    What nothing refers to goes once it was last stored ``orphan_seconds`` ago: uploads under way are younger.
    """
    results = uploads = 0
    if days is not None:
        results = _each(database, lambda c: _old_results(c, days), lambda c, job_id: _purge(c, job_id, blobs))
        on_images = (select(jobs.c.id).where(jobs.c.images == image_sets.c.id),)
        on_models = jobs_with(model_table.c.id)
        uploads = _each(database, lambda c: _idle(c, image_sets, on_images, days), _drop_images)
        uploads += _each(
            database, lambda c: _idle(c, model_table, on_models, days), lambda c, key: _drop_model(c, key, blobs)
        )
    orphans = _orphans(database, blobs, orphan_seconds)
    return Retained(results, uploads, orphans, blobs.measure())


def _each(
    database: Database, look: Callable[[Connection], Iterable[str]], act: Callable[[Connection, str], bool]
) -> int:
    with database.read() as connection:
        found = list(look(connection))
    done = 0
    for subject in found:
        with database.write() as connection:
            done += act(connection, subject)
    return done


def _old_results(connection: Connection, days: float) -> list[str]:
    ended = tuple(state for state in JobState if state.is_terminal)
    query = select(jobs.c.id).where(jobs.c.end_time < clock() - days * DAY, jobs.c.purged.is_(None))
    return list(connection.scalars(query.where(jobs.c.state.in_(ended)).order_by(jobs.c.end_time).limit(_BATCH)))


def _purge(connection: Connection, job_id: str, blobs: Blobs) -> bool:
    job = lock_job(connection, job_id)
    if job is None or job["purged"] is not None:
        return False
    for digest in release_bytes(connection, job):
        blobs.delete(digest)
    # State and verdict stay: a job's end is never rewritten, and a gate's answer is small.
    touch(connection, job_id, purged=clock())
    return True


def _idle(connection: Connection, table: Table, on: tuple[Select[tuple[str]], ...], days: float) -> list[str]:
    """Rows that were not used for so many days, and that no job of ``on`` is about which lives or is younger."""
    limit = clock() - days * DAY
    recent = or_(jobs.c.state.in_(LIVE), jobs.c.create_time > limit)
    wanted = [query.where(recent).correlate(table).exists() for query in on]
    used = func.coalesce(table.c.used, table.c.create_time)
    query = select(table.c.id).where(used < limit, *(~found for found in wanted))
    return list(connection.scalars(query.limit(_BATCH)))


def _drop_images(connection: Connection, key: str) -> bool:
    lock_digest(connection, digest_in(key))
    # Locks the row against a submit that has just read it: see lifecycle.planned, which holds the same lock.
    row = connection.execute(select(image_sets.c.id).where(image_sets.c.id == key).with_for_update()).first()
    live = select(jobs.c.id).where(jobs.c.images == key, jobs.c.state.in_(LIVE)).limit(1)
    if row is None or connection.execute(live).first() is not None:
        return False
    connection.execute(delete(image_sets).where(image_sets.c.id == key))
    quotas.drop(connection, tenant_in(key), digest_in(key))
    return True


def _drop_model(connection: Connection, key: str, blobs: Blobs) -> bool:
    digest = digest_in(key)
    lock_digest(connection, digest)
    try:
        models.remove(connection, key)
    except (InUse, NotFound):
        return False
    quotas.drop(connection, tenant_in(key), digest)
    if not referred(connection, digest):
        blobs.delete(digest)
    return True


def _orphans(database: Database, blobs: Blobs, orphan_seconds: float) -> int:
    old = (kept.digest for kept in blobs.listing() if kept.age > orphan_seconds)

    def look(connection: Connection) -> Iterable[str]:
        return [digest for digest in old if not referred(connection, digest)]

    def act(connection: Connection, digest: str) -> bool:
        lock_digest(connection, digest)
        age: Any = blobs.age(digest)
        # Asked again under the lock: it may have been uploaded meanwhile.
        if age is None or age <= orphan_seconds or referred(connection, digest):
            return False
        blobs.delete(digest)
        return True

    return _each(database, look, act)
