"""Dead letters: work that failed for good, until somebody has it done again or deletes what it was for."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, select, update

from junco.contract.access import DEFAULT_TENANT
from junco.contract.errors import Conflict, NotFound, Problem
from junco.contract.job import InspectionState, ShardState, WorkKind
from junco.contract.request import PlanRequest
from junco.contract.resources import DeadLetter
from junco.storage import lifecycle, models
from junco.storage.access_tables import submissions
from junco.storage.database import clock
from junco.storage.jobs import row_of
from junco.storage.rows import moment
from junco.storage.scoped import digest_in
from junco.storage.tables import jobs, work
from junco.storage.tables import models as model_table


def page(connection: Connection, *, after: str | None, size: int) -> list[DeadLetter]:
    """Newest first, those older than the id ``after``."""
    query = _letters().order_by(work.c.id.desc()).limit(size)
    query = query if after is None else query.where(work.c.id < after)
    return [_letter(row) for row in connection.execute(query)]


def get(connection: Connection, letter: str) -> DeadLetter:
    """A dead letter; raises ``NotFound``."""
    row = None if "\0" in letter else connection.execute(_letters().where(work.c.id == letter)).first()
    if row is None:
        raise NotFound(
            f"There is no dead letter {letter[:80]!r}.",
            expected="the id of work that failed and was not tried again",
            found=letter[:80],
        )
    return _letter(row)


def count(connection: Connection) -> int:
    """How many there are."""
    return int(connection.scalar(select(func.count()).select_from(_letters().subquery())) or 0)


def retry(connection: Connection, letter: str, *, queue_seconds: float, max_attempts: int) -> str | None:
    """Have it done again: the id of the new job, or None for an inspection. Raises what submitting raises.

    A new job, because a job's end is never rewritten. Raises ``NotFound``, and ``Conflict`` where it has been settled.
    """
    found = get(connection, letter)
    if found.validation is None:
        _inspect(connection, letter, max_attempts)
        return None
    return _submit(connection, found.validation, queue_seconds, max_attempts)


def _letters() -> Select[Any]:
    failed = func.coalesce(jobs.c.end_time, model_table.c.update_time, work.c.create_time).label("failed")
    columns = (work.c.id, work.c.kind, work.c.job_id, work.c.model, work.c.problem, failed)
    attempts = (work.c.attempt - work.c.released).label("attempts")
    joined = work.outerjoin(jobs, jobs.c.id == work.c.job_id).outerjoin(model_table, model_table.c.id == work.c.model)
    return select(*columns, attempts).select_from(joined).where(_dead())


def _dead() -> ColumnElement[bool]:
    return and_(work.c.state == ShardState.FAILED, work.c.retried.is_(None))


def _letter(row: Row[Any]) -> DeadLetter:
    found = row._mapping
    return DeadLetter(
        id=found["id"],
        kind=WorkKind(found["kind"]),
        validation=found["job_id"],
        model=digest_in(found["model"]),
        attempts=found["attempts"],
        problem=Problem.model_validate_json(found["problem"]),
        time=moment(found["failed"]),
    )


def _submit(connection: Connection, job_id: str, queue_seconds: float, max_attempts: int) -> str:
    request = PlanRequest.model_validate_json(row_of(connection, job_id)["request"])
    tenant = connection.scalar(select(submissions.c.tenant).where(submissions.c.job_id == job_id)) or DEFAULT_TENANT
    plan = lifecycle.planned(connection, request, tenant)
    fresh = lifecycle.submit(connection, request, plan, lifecycle.Terms(queue_seconds, max_attempts, tenant))
    connection.execute(update(work).where(work.c.job_id == job_id, _dead()).values(retried=clock()))
    return fresh


def _inspect(connection: Connection, letter: str, max_attempts: int) -> None:
    key = connection.scalar(select(work.c.model).where(work.c.id == letter))
    row = models.row_of(connection, str(key))
    if row["state"] != InspectionState.REJECTED:
        raise Conflict("The model has been inspected since.", expected="rejected", found=row["state"])
    models.inspect_again(connection, row, max_attempts=max_attempts)
