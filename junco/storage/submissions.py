"""Whose job is whose, and which requests were answered before: by Idempotency-Key, or by the plan's fingerprint."""

import json
from dataclasses import dataclass
from importlib.metadata import version

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, insert, select, update

from junco.contract.access import DEFAULT_TENANT
from junco.contract.base import digest_of
from junco.contract.errors import IdempotencyKeyReused
from junco.contract.job import JobState
from junco.contract.plan import Plan
from junco.contract.request import PlanRequest
from junco.storage.access_tables import replays, submissions
from junco.storage.database import clock
from junco.storage.jobs import missing, row_of
from junco.storage.rows import Row
from junco.storage.tables import jobs
from junco.storage.upsert import insert_once

KEEP_SECONDS = 86400.0
"""How long an Idempotency-Key is remembered."""


@dataclass(frozen=True)
class Once:
    """How a submission may be answered by an earlier one: ``key`` names the request, ``reuse`` allows an equal plan's
    result."""

    key: str | None = None
    reuse: bool = False


def fingerprint(plan: Plan, request: PlanRequest) -> str:
    """Equal for two requests whose outcome is the same: everything resolved, the caller's tags, and the version.

    Not the time allowed: a result that is there already was in time.
    """
    resolved_plan = plan.model_dump_json(exclude={"timeout_seconds"})
    return digest_of(json.dumps([resolved_plan, sorted(request.labels.items()), version("junco")]).encode())


def keep(connection: Connection, job_id: str, tenant: str, print_: str | None) -> None:
    """Note whose job this is."""
    connection.execute(insert(submissions).values(job_id=job_id, tenant=tenant, fingerprint=print_))


def resolved(connection: Connection, job_id: str, print_: str) -> None:
    """Note the fingerprint of a plan that had to wait for its model's inspection."""
    connection.execute(update(submissions).where(submissions.c.job_id == job_id).values(fingerprint=print_))


def owned(connection: Connection, job_id: str, tenant: str | None) -> Row:
    """A job's row; raises ``NotFound``, for another tenant's job too. None is the operator, to whom all belong."""
    row = row_of(connection, job_id)
    if tenant is None:
        return row
    owner = connection.scalar(select(submissions.c.tenant).where(submissions.c.job_id == job_id))
    if (owner or DEFAULT_TENANT) != tenant:
        raise missing(job_id)
    return row


def succeeded(connection: Connection, tenant: str, print_: str) -> str | None:
    """The tenant's newest job with this fingerprint that has a result."""
    query = (
        select(jobs.c.id)
        .join(submissions, submissions.c.job_id == jobs.c.id)
        .where(
            submissions.c.tenant == tenant,
            submissions.c.fingerprint == print_,
            jobs.c.state == JobState.SUCCEEDED,
            jobs.c.purged.is_(None),
        )
        .order_by(jobs.c.id.desc())
    )
    return connection.scalar(query.limit(1))


def replayed(connection: Connection, tenant: str, key: str, request: PlanRequest) -> str | None:
    """The job that this key's request made, or None, and then the key is taken until the transaction ends.

    On PostgreSQL a second request with the key waits here for the first. Raises ``IdempotencyKeyReused``.
    """
    old = replays.c.create_time < clock() - KEEP_SECONDS
    connection.execute(delete(replays).where(replays.c.tenant == tenant, replays.c.key == key, old))
    asked = digest_of(request.model_dump_json().encode())
    fresh = {"tenant": tenant, "key": key, "request": asked, "create_time": clock()}
    if insert_once(connection, replays, fresh):
        return None
    row = connection.execute(select(replays).where(replays.c.tenant == tenant, replays.c.key == key)).mappings().one()
    if row["request"] != asked:
        raise IdempotencyKeyReused(
            "This Idempotency-Key came with another request before.",
            expected="the same model, images and plan",
            found="others",
            remedy="Use a fresh key for every new request.",
        )
    return str(row["job_id"])


def answered(connection: Connection, tenant: str, key: str, job_id: str) -> None:
    """Note which job answers the key from now on."""
    mine = (replays.c.tenant == tenant, replays.c.key == key)
    connection.execute(update(replays).where(*mine).values(job_id=job_id))


def of_tenant(tenant: str) -> ColumnElement[bool]:
    """Whether a row of ``jobs`` is the tenant's."""
    owner = select(submissions.c.tenant).where(submissions.c.job_id == jobs.c.id).scalar_subquery()
    return func.coalesce(owner, DEFAULT_TENANT) == tenant


def stamps(connection: Connection, ids: list[str]) -> dict[str, tuple[str, int]]:
    """Owner and revision of those of the jobs that exist."""
    return {row[0]: (row[1], row[2]) for row in connection.execute(_STAMPS, {"ids": ids})}


# Built once: it is asked for every poll, and building it costs more than running it.
_STAMPS = (
    select(jobs.c.id, func.coalesce(submissions.c.tenant, DEFAULT_TENANT), jobs.c.revision)
    .outerjoin(submissions, submissions.c.job_id == jobs.c.id)
    .where(jobs.c.id.in_(bindparam("ids", expanding=True)))
)
