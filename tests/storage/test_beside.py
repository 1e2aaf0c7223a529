"""Jobs that need further models: what is refused, what waits, and that nothing in use is removed."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select, update

from junco.contract.base import digest_of
from junco.contract.errors import InUse, InvalidPlan, ModelsDiffer, ModelUnreadable, NotFound
from junco.contract.job import InspectionState, JobState, WorkKind
from junco.contract.model import ModelReport
from junco.contract.request import PlanRequest
from junco.storage import Blobs, Inspected, Records, Upload
from junco.storage.models import inspect_again, row_of
from junco.storage.submissions import fingerprint
from junco.storage.tables import job_models, models
from tests.storage.samples import MODEL, report, request
from tests.storage.steps import count, hand_in, take

OTHER = digest_of(b"other")
DAY = 86400.0


@pytest.fixture
def other(records: Records, blobs: Blobs, model: str) -> str:
    """A second model, not inspected either."""
    digest, size = blobs.put_stream([b"other"])
    records.add_model(Upload(digest, size, "other"), blobs)
    return digest


def asked(**changes: Any) -> PlanRequest:
    """A request that names the other model as a reference."""
    return request(**{"checks": ["model_manipulation"], "reference_models": (OTHER,), **changes})


def inspected(records: Records, *found: ModelReport) -> None:
    """The inspections that wait, each with its report; in that order, whichever was asked for first."""
    claims = {claim.model: claim for claim in (take(records) for _ in found)}
    for one in found:
        assert claims[one.id].kind is WorkKind.INSPECT
        assert records.complete(claims[one.id], Inspected(one))


def test_what_a_plan_names_must_exist_and_be_the_tenants(records: Records, blobs: Blobs, model: str) -> None:
    """404 for a model that nobody has, and for one that another tenant has; nothing is stored."""
    theirs, size = blobs.put_stream([b"other"])
    records.of("theirs").add_model(Upload(theirs, size, "other"), blobs)
    for look in (records.submit, records.preview):
        with pytest.raises(NotFound) as caught:
            look(asked())
        assert caught.value.found == OTHER
    assert records.jobs(size=10) == []


@pytest.mark.parametrize("order", [(MODEL, OTHER), (OTHER, MODEL)])
def test_a_job_waits_until_all_its_models_are_inspected(records: Records, other: str, order: tuple[str, ...]) -> None:
    """Whichever comes last launches it, once, and it then runs to its end."""
    job = records.submit(asked())
    assert records.preview(asked()) is None
    claims = {claim.model: claim for claim in (take(records), take(records))}
    records.complete(claims[order[0]], Inspected(report(order[0])))
    assert (records.job(job.id).plan, records.claim_next("w1")) == (None, None)
    records.complete(claims[order[1]], Inspected(report(order[1])))
    plan = records.job(job.id).plan
    assert plan is not None
    assert plan.reference_models == (OTHER,)
    while (claim := records.claim_next("w1")) is not None:
        assert hand_in(records, claim)
    assert records.job(job.id).state is JobState.SUCCEEDED


def test_models_that_differ_are_refused_before_any_work(records: Records, other: str) -> None:
    """At submit and at a preview; and a job that waited for the inspection fails with the same problem."""
    waiting = records.submit(asked())
    inspected(records, report(MODEL), report(OTHER, shape=(3, 48, 48)))
    assert records.job(waiting.id).state is JobState.FAILED
    for look in (records.submit, records.preview):
        with pytest.raises(ModelsDiffer) as caught:
            look(asked())
        assert caught.value.problem() == records.job(waiting.id).error
    assert records.claim_next("w1") is None


def test_a_rejected_model_beside_fails_what_names_it(records: Records, other: str) -> None:
    """With its own code, and its place in the request; jobs that do not name it go on."""
    job, alone = records.submit(asked()), records.submit(request())
    problem = ModelUnreadable("No.", found="half a file").problem()
    claims = {claim.model: claim for claim in (take(records), take(records))}
    records.fail(claims[OTHER], problem, retry=False)
    failed = records.job(job.id)
    assert failed.state is JobState.FAILED
    assert failed.error == problem.model_copy(update={"detail": "The model at /reference_models/0: No."})
    with pytest.raises(ModelUnreadable, match="/reference_models/0") as caught:
        records.submit(asked())
    assert caught.value.found == "half a file"
    records.complete(claims[MODEL], Inspected(report(MODEL)))
    assert records.job(alone.id).plan is not None
    assert records.model(OTHER).inspection is InspectionState.REJECTED


def test_a_model_beside_stays_while_a_live_job_needs_it(records: Records, blobs: Blobs, other: str) -> None:
    """Neither deleted nor inspected under other hints; afterwards both, and no row is left of the need."""
    inspected(records, report(MODEL), report(OTHER))
    job = records.submit(asked())
    with pytest.raises(InUse):
        records.remove_model(OTHER, blobs)
    with pytest.raises(InUse):
        records.add_model(Upload(OTHER, 5, "other", input_shape=(3, 64, 64)), blobs)
    records.cancel(job.id)
    records.remove_model(OTHER, blobs)
    assert not blobs.exists(OTHER)
    assert blobs.exists(MODEL)
    records.remove_job(job.id, blobs)
    with records._database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(job_models)) == 0


def test_a_list_about_a_model_has_the_jobs_that_need_it_beside_another(records: Records, other: str) -> None:
    """Each once and newest first, page by page; and a job stays in the list of the model that it judges."""
    inspected(records, report(MODEL), report(OTHER))
    beside, alone, turned = (
        records.submit(one).id
        for one in (asked(), request(), request(model=OTHER, checks=["model_manipulation"], reference_models=(MODEL,)))
    )
    assert [job.id for job in records.jobs(model=OTHER, size=9)] == [turned, beside]
    assert [job.id for job in records.jobs(model=MODEL, size=9)] == [turned, alone, beside]
    assert [job.id for job in records.jobs(model=MODEL, after=alone, size=9)] == [beside]
    records.cancel(beside)
    assert [job.id for job in records.jobs(model=OTHER, state=JobState.CANCELED, size=9)] == [beside]
    assert records.of("theirs").jobs(model=OTHER, size=9) == []


def test_retention_keeps_a_model_beside_as_long_as_a_job_is_live_or_young(
    records: Records, blobs: Blobs, other: str
) -> None:
    """However long ago it was uploaded; it goes once the last job about it is as old."""
    keeping = Records(records._database, records._settings.model_copy(update={"retention_days": 10.0}))
    inspected(records, report(MODEL), report(OTHER))
    job = records.submit(asked())
    with records._database.write() as connection:
        connection.execute(update(models).values(create_time=models.c.create_time - 11 * DAY))
    assert keeping.upkeep.retain(blobs).uploads == 0
    records.cancel(job.id)
    assert keeping.upkeep.retain(blobs).uploads == 0
    records.remove_job(job.id, blobs)
    assert keeping.upkeep.retain(blobs).uploads == 2
    assert not blobs.exists(OTHER)


def test_tenants_have_models_of_their_own_beside(records: Records, blobs: Blobs, model: str, other: str) -> None:
    """Another tenant's job on the same bytes keeps nothing of this one's."""
    inspected(records, report(MODEL), report(OTHER))
    records.submit(asked())
    theirs = records.of("theirs")
    theirs.add_model(Upload(OTHER, 5, "other"), blobs)
    theirs.remove_model(OTHER, blobs)
    assert records.model(OTHER).id == OTHER
    assert blobs.exists(OTHER)


def together(*acts: Callable[[], object]) -> None:
    """All at the same time; raises what any of them raises."""
    barrier = threading.Barrier(len(acts))

    def act(one: Callable[[], object]) -> object:
        barrier.wait()
        return one()

    with ThreadPoolExecutor(len(acts)) as pool:
        list(pool.map(act, acts))


def test_two_inspections_that_end_together_launch_the_job_once(records: Records, other: str) -> None:
    """Neither leaves it to the other: each holds another model's lock, and both want the job's."""
    for seed in range(4):
        job = records.submit(asked(seed=seed))
        claims = [take(records), take(records)]
        together(*(partial(records.complete, claim, Inspected(report(claim.model))) for claim in claims))
        assert records.job(job.id).plan is not None
        assert count(records, WorkKind.SHARD) == seed + 1
        records.cancel(job.id)
        with records._database.write() as connection:
            for digest in (MODEL, OTHER):
                inspect_again(connection, row_of(connection, digest), max_attempts=3)


def test_plans_that_name_each_others_models_do_not_block(records: Records, other: str) -> None:
    """One judges the first beside the second, one the second beside the first, and many ask at once."""
    inspected(records, report(MODEL), report(OTHER))
    turned = request(model=OTHER, checks=["model_manipulation"], reference_models=(MODEL,))
    together(*(partial(records.submit, one) for one in (asked(), turned) * 4))
    assert len(records.jobs(size=20)) == 8


def test_a_plan_with_another_reference_is_another_plan(records: Records, other: str) -> None:
    """Equal requests share a fingerprint, and one that names no reference has another."""
    inspected(records, report(MODEL), report(OTHER))
    prints = []
    for one in (asked(), asked(), asked(reference_models=())):
        plan = records.preview(one)
        assert plan is not None
        prints.append(fingerprint(plan, one))
    assert prints[0] == prints[1] != prints[2]


def test_a_model_beside_itself_is_refused(records: Records, model: str) -> None:
    """Once the report is there to plan with."""
    inspected(records, report(MODEL))
    with pytest.raises(InvalidPlan, match="its own model"):
        records.submit(asked(reference_models=(MODEL,)))
