"""From a request to the end of a job: submit, launch, the last shard, the outcome, cancel."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, union

from junco.contract.access import DEFAULT_TENANT
from junco.contract.base import Digest
from junco.contract.errors import JobAlreadyFinished, JuncoError, Problem
from junco.contract.images import ImageSet
from junco.contract.job import JobState, WorkKind
from junco.contract.plan import Plan
from junco.contract.request import PlanRequest
from junco.contract.resolve import resolve
from junco.contract.sharding import cut_of, shards
from junco.storage import beside, models, submissions
from junco.storage.claim import Computed, Finalised, Inspected, Result
from junco.storage.database import clock
from junco.storage.images import hold, images_named
from junco.storage.jobs import add_job, fail_job, jobs_with, move, row_of, settle, touch, unfinished
from junco.storage.rows import Row
from junco.storage.scoped import digest_in, key_in, tenant_in
from junco.storage.tables import artifacts, jobs, work
from junco.storage.work import add_finalise, add_shards, lock_job

OUTCOME = "outcome.json"
"""The file of a result that holds the Outcome."""


def planned(connection: Connection, request: PlanRequest, tenant: str = DEFAULT_TENANT) -> Plan | None:
    """The plan that ``request`` means, or None while the model's inspection is pending.

    Locks the models and the images, so that they cannot be deleted before the job exists. Raises what ``resolve``
    raises, ``NotFound``, and a model's own problem if it was rejected.
    """
    rows = beside.locked(connection, request, tenant)
    hold(connection, key_in(tenant, request.images))
    images = images_named(connection, key_in(tenant, request.images))
    return _resolved(request, rows, images)


def _resolved(request: PlanRequest, rows: Mapping[Digest, Row], images: ImageSet) -> Plan | None:
    reports = beside.reports(request, rows)
    return None if reports is None else resolve(request, reports[request.model], images, beside=reports)


@dataclass(frozen=True)
class Terms:
    """On which jobs are taken."""

    queue_seconds: float
    max_attempts: int
    tenant: str = DEFAULT_TENANT


def submit(connection: Connection, request: PlanRequest, plan: Plan | None, terms: Terms) -> str:
    """Accept a job with its work and its bells; its id. ``plan`` is what ``planned`` gave."""
    job = add_job(connection, request, queue_seconds=terms.queue_seconds, tenant=terms.tenant)
    print_ = None if plan is None else submissions.fingerprint(plan, request)
    submissions.keep(connection, job["id"], terms.tenant, print_)
    beside.keep(connection, job["id"], request, terms.tenant)
    if plan is not None:
        launch(connection, job, plan, terms.max_attempts)
    return str(job["id"])


def launch(connection: Connection, job: Row, plan: Plan, max_attempts: int) -> None:
    """Cut the plan and ask for its shards; ``job`` must be locked."""
    pieces = shards(plan)
    # What was measured under another cut was work all the same: progress never goes back.
    total = job["completed"] + sum(piece.cost for piece in pieces)
    touch(connection, job["id"], plan=plan.model_dump_json(), total=total, stage="queue", cut=cut_of(pieces))
    if pieces:
        add_shards(connection, job, pieces, max_attempts=max_attempts)
    else:
        add_finalise(connection, job, max_attempts=max_attempts)


def started(connection: Connection, claim_kind: WorkKind, parent: Row) -> None:
    """Show that work has begun."""
    if claim_kind is WorkKind.INSPECT:
        models.running(connection, parent["id"])
        return
    stage = "finalise" if claim_kind is WorkKind.FINALISE else "checks"
    if parent["state"] == JobState.QUEUED:
        timeout = Plan.model_validate_json(parent["plan"]).timeout_seconds
        times = {"start_time": clock(), "end_by": clock() + timeout}
        move(connection, parent, JobState.RUNNING, stage=stage, **times)
    elif parent["stage"] != stage:
        touch(connection, parent["id"], stage=stage)


def finished(connection: Connection, parent: Row, result: Result) -> None:
    """Carry on from a completed piece of work."""
    match result:
        case Inspected(report):
            models.inspected(connection, parent["id"], report)
            _launch_waiting(connection, parent["id"])
        case Computed():
            _after_shard(connection, parent)
        case Finalised():
            _succeed(connection, parent, result)


def _launch_waiting(connection: Connection, model: str) -> None:
    for job in _waiting(connection, model):
        request = PlanRequest.model_validate_json(job["request"])
        # Read once the job is locked: of two inspections that end together, the second sees what the first found.
        rows = beside.read(connection, request, tenant_in(model))
        try:
            plan = _resolved(request, rows, images_named(connection, job["images"]))
        except JuncoError as error:
            fail_job(connection, job, error.problem())
            continue
        if plan is not None:
            submissions.resolved(connection, job["id"], submissions.fingerprint(plan, request))
            launch(connection, job, plan, _attempts(connection, model))


def _attempts(connection: Connection, model: str) -> int:
    query = select(work.c.max_attempts).where(work.c.model == model, work.c.kind == WorkKind.INSPECT)
    return int(connection.scalar(query.order_by(work.c.create_time.desc()).limit(1)) or 1)


def _waiting(connection: Connection, model: str) -> list[Row]:
    """Jobs that were not planned yet for want of this model's inspection, or of that and another's; locked."""
    unplanned = (jobs.c.state == JobState.QUEUED, jobs.c.plan.is_(None))
    found = union(*(query.where(*unplanned) for query in jobs_with(model)))
    query = select(jobs).where(jobs.c.id.in_(found), *unplanned).order_by(jobs.c.id).with_for_update()
    return list(connection.execute(query).mappings())


def _after_shard(connection: Connection, job: Row) -> None:
    if job["state"] == JobState.CANCELING:
        settle(connection, job["id"])
    elif not unfinished(connection, job["id"]):
        # Exactly once: the job's row is locked, so only one shard can see itself as the last.
        add_finalise(connection, job, max_attempts=job_attempts(connection, job["id"]))
        touch(connection, job["id"], stage="finalise")


def job_attempts(connection: Connection, job_id: str) -> int:
    """How often a piece of the job may be attempted."""
    return int(connection.scalar(select(work.c.max_attempts).where(work.c.job_id == job_id).limit(1)) or 1)


def _succeed(connection: Connection, job: Row, result: Finalised) -> None:
    if job["state"] == JobState.CANCELING:
        settle(connection, job["id"])
        return
    for file in result.files:
        connection.execute(
            insert(artifacts).values(
                job_id=job["id"], name=file.name, media_type=file.media_type, size=file.size, digest=file.digest
            )
        )
    move(connection, job, JobState.SUCCEEDED, verdict=result.verdict, stage="done")


def refused(connection: Connection, kind: WorkKind, parent: Row, problem: Problem) -> None:
    """Carry on from a piece of work that failed for good."""
    if kind is not WorkKind.INSPECT:
        if parent["state"] == JobState.CANCELING:
            settle(connection, parent["id"])
        else:
            fail_job(connection, parent, problem)
        return
    models.rejected(connection, parent["id"], problem)
    for job in _waiting(connection, parent["id"]):
        request = PlanRequest.model_validate_json(job["request"])
        fail_job(connection, job, beside.told(request, digest_in(parent["id"]), problem))


def cancel(connection: Connection, job_id: str) -> None:
    """Ask a job to stop; no-op if that was asked before. Raises ``NotFound``, ``JobAlreadyFinished``."""
    row_of(connection, job_id)
    job = lock_job(connection, job_id) or row_of(connection, job_id)
    state = JobState(job["state"])
    if state in (JobState.CANCELED, JobState.CANCELING):
        return
    if state.is_terminal:
        raise JobAlreadyFinished(
            f"The validation has already {state.value}.",
            expected="a validation that has not finished",
            found=state.value,
        )
    if state is JobState.QUEUED:
        move(connection, job, JobState.CANCELED)
    else:
        move(connection, job, JobState.CANCELING)
        settle(connection, job_id)


def images_of_job(connection: Connection, job: Row) -> ImageSet:
    """The images that a job works on."""
    return images_named(connection, job["images"])
