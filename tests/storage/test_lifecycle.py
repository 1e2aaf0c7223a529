import pytest

from junco.contract.catalogue import Method, Verdict
from junco.contract.errors import (
    Conflict,
    InputShapeMismatch,
    InUse,
    InvalidPlan,
    JobAlreadyFinished,
    ModelUnreadable,
    NotFound,
)
from junco.contract.job import InspectionState, JobState, WorkKind
from junco.contract.model import Availability
from junco.storage import Blobs, Computed, Inspected, Records, Upload
from tests.storage.samples import images, report, request
from tests.storage.steps import OUTCOME, count, hand_in, inspect, shard_count, take


def test_a_job_waits_for_inspection_and_then_runs_to_its_verdict(records: Records, model: str) -> None:
    """queued without a plan, queued with one, running, succeeded: each with its stage."""
    job = records.submit(request())
    assert (job.state, job.plan, job.progress.stage) == (JobState.QUEUED, None, "inspection")
    inspect(records)
    planned = records.job(job.id)
    assert planned.plan is not None
    assert (planned.state, planned.progress.stage) == (JobState.QUEUED, "queue")
    claim = take(records)
    running = records.job(job.id)
    assert (running.state, running.progress.stage) == (JobState.RUNNING, "checks")
    assert running.start_time is not None
    hand_in(records, claim)
    for _ in range(shard_count() - 1):
        hand_in(records, take(records))
    assert records.job(job.id).progress.stage == "finalise"
    hand_in(records, take(records))
    done = records.job(job.id)
    assert (done.state, done.verdict) == (JobState.SUCCEEDED, Verdict.PASS)
    assert done.progress.completed == done.progress.total == planned.progress.total
    assert records.files(job.id) == (OUTCOME,)
    assert done.end_time is not None
    assert done.create_time <= done.start_time <= done.end_time


def test_finalise_comes_exactly_once_after_the_last_shard(records: Records, model: str) -> None:
    """Not before, whatever the order of completion."""
    inspect(records)
    records.submit(request())
    claims = [take(records, f"w{i}") for i in range(shard_count())]
    for claim in reversed(claims):
        assert count(records, WorkKind.FINALISE) == 0
        hand_in(records, claim)
    assert count(records, WorkKind.FINALISE) == 1


def test_a_plan_without_shards_goes_straight_to_finalise(records: Records, model: str) -> None:
    """Where the model allows no method, the job still ends with an outcome that says so."""
    none = {name: Availability(available=False, reason="no gradient") for name in report(model).methods}
    records.complete(take(records), Inspected(report(model).model_copy(update={"methods": none})))
    job = records.submit(request(methods=[Method.GRADIENT]))
    claim = take(records)
    assert (claim.kind, claim.partials) == (WorkKind.FINALISE, ())
    hand_in(records, claim)
    assert records.job(job.id).state is JobState.SUCCEEDED


def test_what_the_plan_names_must_exist(records: Records, model: str) -> None:
    """An unknown model, an unknown image set, an unknown job."""
    unknown = "sha256:" + "0" * 64
    for wrong in (request(model=unknown), request(image_set=unknown)):
        with pytest.raises(NotFound):
            records.submit(wrong)
    for look in (records.job, records.files, records.cancel, records.model, records.images):
        with pytest.raises(NotFound):
            look("nothing\0")
    assert records.jobs(size=10) == []


def test_a_plan_that_does_not_resolve_is_refused_and_leaves_no_row(records: Records, model: str) -> None:
    """Known report: at submit."""
    inspect(records)
    for wrong, error in (
        ({"preprocessing": {"height": 64, "width": 64}}, InputShapeMismatch),
        ({"methods": ["gradient", "gradient"]}, InvalidPlan),
    ):
        with pytest.raises(error):
            records.submit(request(**wrong))
        with pytest.raises(error):
            records.preview(request(**wrong))
    assert records.jobs(size=10) == []


def test_inspection_launches_good_jobs_and_fails_the_others(records: Records, model: str) -> None:
    """Each waiting job by its own plan."""
    good = records.submit(request())
    bad = records.submit(request(preprocessing={"height": 64, "width": 64}))
    inspect(records)
    assert records.job(good.id).plan is not None
    failed = records.job(bad.id)
    assert failed.state is JobState.FAILED
    assert failed.error is not None
    assert failed.error.code == "INPUT_SHAPE_MISMATCH"


def test_a_wrong_hint_goes_with_the_upload_that_gave_it(records: Records, blobs: Blobs, model: str) -> None:
    """A model that was rejected for a shape is inspected without it when it is uploaded without."""
    records.add_model(Upload(model, 5, "model", input_shape=(1, 9, 9), output="probabilities"), blobs)
    claim = take(records)
    assert claim.input_shape == (1, 9, 9)
    records.fail(claim, InputShapeMismatch("No.").problem(), retry=False)
    records.add_model(Upload(model, 5, "model"), blobs)
    assert records.model(model).input_shape is None
    claim = take(records)
    assert (claim.input_shape, claim.output) == (None, None)


def test_a_rejected_model_fails_its_jobs_with_its_problem(records: Records, model: str) -> None:
    """And refuses new ones with it, as the error's own class."""
    job = records.submit(request())
    problem = ModelUnreadable("No.", found="half a file").problem()
    records.fail(take(records), problem, retry=False)
    assert records.model(model).inspection is InspectionState.REJECTED
    assert records.job(job.id).error == problem
    with pytest.raises(ModelUnreadable) as caught:
        records.submit(request())
    assert caught.value.found == "half a file"


def test_a_preview_stores_nothing(records: Records, model: str) -> None:
    """None while inspection is pending; the plan afterwards."""
    assert records.preview(request()) is None
    inspect(records)
    plan = records.preview(request())
    assert plan is not None
    assert plan.selected
    assert records.jobs(size=10) == []
    assert records.queue_depth() == 0


def test_cancel_of_a_running_job_waits_for_its_workers(records: Records, model: str) -> None:
    """canceling, until the last held piece is given back or handed in."""
    inspect(records)
    job = records.submit(request())
    first, second = take(records, "w1"), take(records, "w2")
    assert records.cancel(job.id).state is JobState.CANCELING
    assert records.cancel(job.id).state is JobState.CANCELING
    assert records.claim_next("w3") is None
    records.release(first)
    assert records.job(job.id).state is JobState.CANCELING
    hand_in(records, second)
    assert records.job(job.id).state is JobState.CANCELED


def test_only_a_finished_job_is_removed_and_with_it_what_it_alone_stored(
    records: Records, blobs: Blobs, model: str
) -> None:
    """Conflict while it lives; bytes that an equal job refers to stay until that one goes."""
    inspect(records)
    partial, _ = blobs.put_stream([b"partial"])
    first, second = records.submit(request()), records.submit(request())
    with pytest.raises(Conflict):
        records.remove_job(first.id, blobs)
    for _ in range(2 * (shard_count() + 1)):
        claim = take(records)
        assert records.complete(claim, Computed(partial)) if claim.shard else hand_in(records, claim)
    records.remove_job(first.id, blobs)
    assert blobs.exists(partial)
    records.remove_job(second.id, blobs)
    assert not blobs.exists(partial)
    assert records.jobs(size=10) == []


def test_cancel_between_two_pieces_is_immediate(records: Records, model: str) -> None:
    """A running job none of whose pieces is held has nobody to wait for."""
    inspect(records)
    job = records.submit(request())
    hand_in(records, take(records))
    assert records.cancel(job.id).state is JobState.CANCELED


def test_finalise_of_a_canceling_job_does_not_bring_it_back(records: Records, model: str) -> None:
    """The outcome came too late: canceled, and no files."""
    inspect(records)
    job = records.submit(request())
    for _ in range(shard_count()):
        hand_in(records, take(records))
    claim = take(records)
    records.cancel(job.id)
    hand_in(records, claim)
    assert records.job(job.id).state is JobState.CANCELED
    assert records.files(job.id) == ()


def test_terminal_states_stay(records: Records, model: str) -> None:
    """A finished job is neither canceled nor failed by anything."""
    inspect(records)
    job = records.submit(request())
    for _ in range(shard_count() + 1):
        hand_in(records, take(records))
    before = records.job(job.id)
    with pytest.raises(JobAlreadyFinished):
        records.cancel(job.id)
    records.sweep()
    assert records.job(job.id) == before


def test_a_model_goes_with_its_bytes_when_no_job_needs_it(records: Records, blobs: Blobs, model: str) -> None:
    """InUse before; afterwards row, bytes and inspection are gone, and the job's record stays."""
    job = records.submit(request())
    with pytest.raises(InUse):
        records.remove_model(model, blobs)
    records.cancel(job.id)
    records.remove_model(model, blobs)
    assert not blobs.exists(model)
    assert records.claim_next("w1") is None
    assert records.job(job.id).state is JobState.CANCELED


def test_hints_that_differ_need_another_inspection(records: Records, blobs: Blobs, model: str) -> None:
    """Refused while a live job needs the model as it is; otherwise the inspection under way is superseded."""
    upload = Upload(model, 5, "model", input_shape=(3, 64, 64))
    job = records.submit(request())
    with pytest.raises(InUse):
        records.add_model(upload, blobs)
    records.cancel(job.id)
    stale = take(records)
    shown, new = records.add_model(upload, blobs)
    assert (new, shown.input_shape) == (False, (3, 64, 64))
    assert not records.complete(stale, Inspected(report(model)))
    assert take(records).input_shape == (3, 64, 64)


def test_an_image_set_is_kept_once(records: Records, model: str) -> None:
    """The second time it is known."""
    assert records.add_images(images())[1] is False
    assert records.images(images().id).count == 24
