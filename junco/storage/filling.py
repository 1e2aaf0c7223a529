"""What a claim carries: everything that a worker needs to begin, read in the transaction that claims."""

from typing import Any

from sqlalchemy import Connection, select

from junco.contract.job import WorkKind
from junco.contract.model import ModelReport
from junco.contract.plan import Plan, Shard
from junco.storage import lifecycle, models
from junco.storage.claim import Claim
from junco.storage.database import clock
from junco.storage.rows import Row, shape_of
from junco.storage.scoped import digest_in
from junco.storage.tables import work


def filled(connection: Connection, row: Row, parent: Row, held_now: dict[str, Any]) -> Claim:
    """The claim with all that the work needs; ``held_now`` says who holds it, and for how long."""
    kind = WorkKind(row["kind"])
    model = _report(connection, row["model"])
    common = {**held_now, "kind": kind, "model": digest_in(row["model"]), "input_shape": shape_of(model["input_shape"])}
    if kind is WorkKind.INSPECT:
        return Claim(**common, output=model["output"])
    plan = Plan.model_validate_json(parent["plan"])
    left = plan.timeout_seconds if parent["end_by"] is None else parent["end_by"] - connection.scalar(select(clock()))
    return Claim(
        **common,
        job_id=row["job_id"],
        output=plan.output or model["output"],
        plan=plan,
        report=None if model["report"] is None else ModelReport.model_validate_json(model["report"]),
        shard=None if row["payload"] is None else Shard.model_validate_json(row["payload"]),
        images=lifecycle.images_of_job(connection, parent),
        partials=_partials(connection, row["job_id"]) if kind is WorkKind.FINALISE else (),
        seconds_left=left,
    )


def _report(connection: Connection, model: str) -> Row:
    # Read, not locked: a claim holds its job's lock, and locks are only ever taken model first.
    return models.row_of(connection, model)


def _partials(connection: Connection, job_id: str) -> tuple[str, ...]:
    query = select(work.c.result).where(work.c.job_id == job_id, work.c.kind == WorkKind.SHARD)
    return tuple(connection.scalars(query.order_by(work.c.place)))
