"""Model rows: uploads, inspections, deletions."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from junco.contract.errors import InUse, NotFound, Problem
from junco.contract.job import InspectionState, ShardState, WorkKind
from junco.contract.model import ModelReport
from junco.contract.resources import ModelResource
from junco.storage.database import clock
from junco.storage.jobs import live_on, needed
from junco.storage.rows import Row, model_of, shape_of
from junco.storage.scoped import about, digest_in, held_by, key_in
from junco.storage.tables import models, work
from junco.storage.work import add_inspection, lock_model, new_id


@dataclass(frozen=True)
class Upload:
    """A model's bytes, already among the blobs, and the caller's hints for its inspection.

    ``digest`` is of the bytes at the door, and the key of the row below it.
    """

    digest: str
    size: int
    name: str
    input_shape: tuple[int, int, int] | None = None
    output: str | None = None


def row_of(connection: Connection, model: str) -> Row:
    """A model's row; raises ``NotFound``."""
    row = None if "\0" in model else connection.execute(select(models).where(models.c.id == model)).mappings().first()
    if row is None:
        raise missing(digest_in(model))
    return row


def missing(model: str) -> NotFound:
    """The error for an unknown model."""
    return NotFound(
        f"There is no model {model[:80]!r}.",
        expected="the id of an uploaded model",
        found=model[:80],
        remedy="Upload the model first.",
    )


def add(connection: Connection, upload: Upload, *, max_attempts: int) -> bool:
    """Add a model, or ask for a new inspection where the old one was rejected or had other hints; whether it is new.

    Raises ``InUse`` if the hints differ and live jobs need the model as it is.
    """
    row = lock_model(connection, upload.digest)
    if row is None:
        shape = None if upload.input_shape is None else json.dumps(upload.input_shape)
        connection.execute(
            insert(models).values(
                id=upload.digest,
                serial=new_id(),
                name=upload.name,
                size=upload.size,
                input_shape=shape,
                output=upload.output,
                state=InspectionState.QUEUED,
                create_time=clock(),
                update_time=clock(),
            )
        )
        add_inspection(connection, upload.digest, max_attempts=max_attempts)
        return True
    connection.execute(update(models).where(models.c.id == upload.digest).values(used=clock()))
    if row["state"] == InspectionState.REJECTED or _differs(row, upload):
        _inspect_again(connection, row, upload, max_attempts=max_attempts)
    return False


def _differs(row: Row, upload: Upload) -> bool:
    known = shape_of(row["input_shape"])
    if row["report"] is not None:
        known = ModelReport.model_validate_json(row["report"]).input_shape
    shape_differs = upload.input_shape is not None and upload.input_shape != known
    return shape_differs or (upload.output is not None and upload.output != row["output"])


def _inspect_again(connection: Connection, row: Row, upload: Upload, *, max_attempts: int) -> None:
    if live_on(connection, upload.digest):
        raise InUse(
            "Live validations need this model as it was inspected.",
            expected="no live validation on this model",
            found="at least one",
            remedy="Wait for them or cancel them, then upload with the new input_shape or output.",
        )
    # What was given for a model that was rejected may be why it was: an upload without it takes it back.
    kept = row if row["state"] != InspectionState.REJECTED else {"input_shape": None, "output": None}
    shape = shape_of(kept["input_shape"]) if upload.input_shape is None else upload.input_shape
    hints = {"input_shape": None if shape is None else json.dumps(shape), "output": upload.output or kept["output"]}
    inspect_again(connection, row, max_attempts=max_attempts, **hints)


def inspect_again(connection: Connection, row: Row, *, max_attempts: int, **hints: str | None) -> None:
    """Forget what inspection found and ask for a new one, under new hints where they are given."""
    _stop_inspection(connection, row["id"])
    _set(connection, row["id"], state=InspectionState.QUEUED, report=None, problem=None, **hints)
    add_inspection(connection, row["id"], max_attempts=max_attempts)


def _stop_inspection(connection: Connection, model: str) -> None:
    of_model = (work.c.model == model, work.c.kind == WorkKind.INSPECT)
    live = work.c.state.in_((ShardState.QUEUED, ShardState.RUNNING))
    connection.execute(
        update(work).where(*of_model, live).values(state=ShardState.CANCELED, lease_owner=None, lease_until=None)
    )
    connection.execute(update(work).where(*of_model, work.c.state == ShardState.FAILED).values(retried=clock()))


def _set(connection: Connection, model: str, **values: Any) -> None:
    changed = {**values, "revision": models.c.revision + 1, "update_time": clock()}
    connection.execute(update(models).where(models.c.id == model).values(changed))


def running(connection: Connection, model: str) -> None:
    """Note that inspection has started."""
    _set(connection, model, state=InspectionState.RUNNING)


def waiting(connection: Connection, model: str) -> None:
    """Note that inspection is in the queue again."""
    _set(connection, model, state=InspectionState.QUEUED)


def inspected(connection: Connection, model: str, report: ModelReport) -> None:
    """Publish what inspection found."""
    _set(connection, model, state=InspectionState.DONE, report=report.model_dump_json(), problem=None)


def rejected(connection: Connection, model: str, problem: Problem) -> None:
    """Publish why inspection refused the model."""
    _set(connection, model, state=InspectionState.REJECTED, problem=problem.model_dump_json())


def page(connection: Connection, *, after: str | None, size: int, tenant: str) -> list[ModelResource]:
    """The tenant's, newest first, those older than the model ``after``; raises ``NotFound`` if that one is gone."""
    query = select(models).where(held_by(models.c.id, tenant)).order_by(models.c.serial.desc()).limit(size)
    if after is not None:
        query = query.where(models.c.serial < row_of(connection, key_in(tenant, after))["serial"])
    return [model_of(row) for row in connection.execute(query).mappings()]


def shared(connection: Connection, digest: str) -> bool:
    """Whether any tenant has a model of these bytes."""
    return connection.execute(select(models.c.id).where(about(models.c.id, digest)).limit(1)).first() is not None


def unwanted(connection: Connection, model: str) -> bool:
    """Whether a model was uploaded once, and no job needs it or ever has; locks its row. False if it is gone."""
    row = lock_model(connection, model)
    return row is not None and row["used"] is None and not needed(connection, model)


def remove(connection: Connection, model: str) -> None:
    """Delete a model's row and its inspection; raises ``NotFound``, ``InUse``."""
    row_of(connection, model)
    if lock_model(connection, model) is None:
        raise missing(model)
    if live_on(connection, model):
        raise InUse(
            "Live validations need this model.",
            expected="no live validation on this model",
            found="at least one",
            remedy="Wait for them to finish, or cancel them.",
        )
    connection.execute(delete(work).where(work.c.model == model, work.c.kind == WorkKind.INSPECT))
    connection.execute(delete(models).where(models.c.id == model))
