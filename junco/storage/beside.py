"""The models of a job: the one that is judged, and those that its plan names beside it."""

from collections.abc import Mapping

from sqlalchemy import Connection, insert

from junco.contract.base import Digest
from junco.contract.beside import named
from junco.contract.errors import Problem
from junco.contract.job import InspectionState
from junco.contract.model import ModelReport
from junco.contract.request import PlanRequest
from junco.contract.revive import revive
from junco.storage import models
from junco.storage.rows import Row
from junco.storage.scoped import key_in
from junco.storage.tables import job_models
from junco.storage.work import lock_model


def locked(connection: Connection, request: PlanRequest, tenant: str) -> dict[Digest, Row]:
    """Rows of all models of a request, which nobody removes until the transaction ends; raises ``NotFound``."""
    # In one order for all: two requests about the same models must not wait for each other in circles.
    return {digest: _locked(connection, digest, tenant) for digest in _digests(request)}


def _locked(connection: Connection, digest: Digest, tenant: str) -> Row:
    row = lock_model(connection, key_in(tenant, digest))
    if row is None:
        raise models.missing(digest)
    return row


def read(connection: Connection, request: PlanRequest, tenant: str) -> dict[Digest, Row]:
    """Rows of all models of a live job's request, which nothing can have removed."""
    return {digest: models.row_of(connection, key_in(tenant, digest)) for digest in _digests(request)}


def _digests(request: PlanRequest) -> list[Digest]:
    return sorted({request.model, *named(request).values()})


def reports(request: PlanRequest, rows: Mapping[Digest, Row]) -> dict[Digest, ModelReport] | None:
    """What inspection found of each model; None while that of any is under way. Raises a rejected one's problem."""
    for digest in (request.model, *named(request).values()):
        if rows[digest]["state"] == InspectionState.REJECTED:
            raise revive(told(request, digest, Problem.model_validate_json(rows[digest]["problem"])))
    if any(row["report"] is None for row in rows.values()):
        return None
    return {digest: ModelReport.model_validate_json(row["report"]) for digest, row in rows.items()}


def told(request: PlanRequest, model: Digest, problem: Problem) -> Problem:
    """Why inspection refused ``model``; where it is not the request's own, with its place in the request."""
    if model == request.model:
        return problem
    where = next(pointer for pointer, digest in named(request).items() if digest == model)
    return problem.model_copy(update={"detail": f"The model at {where}: {problem.detail}"})


def keep(connection: Connection, job_id: str, request: PlanRequest, tenant: str) -> None:
    """Note which models the job needs beside its own."""
    keys = sorted({key_in(tenant, digest) for digest in named(request).values()})
    if keys:
        connection.execute(insert(job_models), [{"job_id": job_id, "model": key} for key in keys])
