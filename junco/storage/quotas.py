"""What a tenant may have at a time, counted and charged in one transaction under the tenant's lock."""

from sqlalchemy import Connection, delete, func, insert, select

from junco.contract.errors import QuotaExceeded
from junco.storage.access_tables import holdings, submissions, tenants
from junco.storage.database import clock
from junco.storage.jobs import LIVE
from junco.storage.tables import artifacts, jobs
from junco.storage.upsert import insert_once


def add_tenant(connection: Connection, tenant: str) -> None:
    """Make the tenant known, if it is not."""
    insert_once(connection, tenants, {"id": tenant, "create_time": clock()})


def hold(connection: Connection, tenant: str, digest: str, *, size: int, limit: int | None) -> None:
    """Charge an upload to the tenant, once however often it comes; raises ``QuotaExceeded``."""
    if limit is not None:
        _lock(connection, tenant)
    mine = (holdings.c.tenant == tenant, holdings.c.id == digest)
    if connection.execute(select(holdings.c.size).where(*mine)).first() is not None:
        return
    if limit is not None and (used := stored(connection, tenant)) + size > limit:
        raise no_room(limit, used, size)
    connection.execute(insert(holdings).values(tenant=tenant, id=digest, size=size))


def drop(connection: Connection, tenant: str, digest: str) -> None:
    """Give back what an upload was charged."""
    connection.execute(delete(holdings).where(holdings.c.tenant == tenant, holdings.c.id == digest))


def stored(connection: Connection, tenant: str) -> int:
    """Bytes of the tenant's uploads and results."""
    uploads = select(func.coalesce(func.sum(holdings.c.size), 0)).where(holdings.c.tenant == tenant)
    results = (
        select(func.coalesce(func.sum(artifacts.c.size), 0))
        .join(submissions, submissions.c.job_id == artifacts.c.job_id)
        .where(submissions.c.tenant == tenant)
    )
    return int(connection.scalar(uploads) or 0) + int(connection.scalar(results) or 0)


def require_turn(connection: Connection, tenant: str, limit: int | None, *, lock: bool = True) -> None:
    """Raise ``QuotaExceeded`` if the tenant has as many unfinished validations as it may."""
    if limit is None:
        return
    if lock:
        _lock(connection, tenant)
    query = select(func.count()).select_from(jobs).join(submissions, submissions.c.job_id == jobs.c.id)
    found = connection.scalar(query.where(submissions.c.tenant == tenant, jobs.c.state.in_(LIVE))) or 0
    if found >= limit:
        raise QuotaExceeded(
            "The tenant has as many unfinished validations as it may.",
            expected=f"fewer than {limit}",
            found=str(found),
            remedy="Wait for some to finish, or cancel them.",
        )


def no_room(limit: int, used: int, size: int) -> QuotaExceeded:
    """The error for an upload that does not fit."""
    return QuotaExceeded(
        "The upload does not fit into the tenant's quota.",
        expected=f"at most {limit} bytes stored",
        found=f"{used} bytes stored and {size} more",
        remedy="Delete models or validations that are no longer needed.",
    )


def _lock(connection: Connection, tenant: str) -> None:
    add_tenant(connection, tenant)
    connection.execute(select(tenants.c.id).where(tenants.c.id == tenant).with_for_update())
