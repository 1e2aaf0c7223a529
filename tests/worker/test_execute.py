"""Work from the records' queue to the records' answer, with real records, real blobs and real, misbehaving runners."""

import os
import sys
import threading
import time
from pathlib import Path

import pytest

from junco.contract.images import ImageFile, ImageSet
from junco.contract.job import InspectionState, JobState
from junco.contract.request import PlanRequest
from junco.storage.models import Upload
from junco.storage.opening import open_blobs, open_records
from tests.e2e.processes import wait_until
from tests.worker.runner.faulty_runner import partial
from worker.execute import Executor
from worker.runner.spare import Runners
from worker.settings import WorkerSettings

FAULTY = (sys.executable, str(Path(__file__).parent / "runner" / "faulty_runner.py"))


@pytest.fixture
def executor(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    settings = WorkerSettings(home=tmp_path / "home", lease_seconds=3, retry_seconds=0, threads=1, max_attempts=2)
    runners = Runners(settings.limits, command=FAULTY)
    made = Executor(records=open_records(settings), blobs=open_blobs(settings), runners=runners, settings=settings)
    yield made
    runners.close()
    made.records.close()
    assert list(tmp_path.glob("junco-runner-*")) == []


def upload(executor: Executor, behaviour: str) -> str:
    digest, size = executor.blobs.put_stream([behaviour.encode()])
    executor.records.add_model(Upload(digest=digest, name="probe.pt", size=size), executor.blobs)
    return digest


def submit(executor: Executor, behaviour: str) -> str:
    model = upload(executor, behaviour)
    blob, _ = executor.blobs.put_stream([b"not decoded by a probe"])
    names = [f"{i}.png" for i in range(12)]
    images = ImageSet.of(tuple(ImageFile(name=name, blob=blob, media_type="image/png") for name in names))
    executor.records.add_images(images)
    job = executor.records.submit(PlanRequest(model=model, images=images.id, profile="quick"))
    do_next(executor)
    return job.id


def do_next(executor: Executor) -> None:
    claim = executor.records.claim_next("test")
    assert claim is not None
    executor.carry_out(claim)


def test_an_inspection_ends_in_the_models_report(executor):
    model = upload(executor, "report")
    do_next(executor)
    found = executor.records.model(model)
    assert found.inspection is InspectionState.DONE
    assert found.report is not None
    assert found.report.id == model


def test_a_model_that_crashes_its_runner_is_rejected_at_once(executor):
    model = upload(executor, "segfault")
    do_next(executor)
    found = executor.records.model(model)
    assert found.inspection is InspectionState.REJECTED
    assert found.problem is not None
    assert (found.problem.code, found.problem.found, found.problem.stage) == ("RUNNER_CRASHED", "SIGSEGV", "inspect")
    assert executor.records.claim_next("test") is None


@pytest.mark.parametrize(("behaviour", "says"), [("nan_report", "expected value"), ("huge_report", "bytes, over")])
def test_a_report_that_is_no_json_or_too_large_is_refused(executor, behaviour, says):
    model = upload(executor, behaviour)
    do_next(executor)
    problem = executor.records.model(model).problem
    assert problem is not None
    assert (problem.code, says in problem.found) == ("RUNNER_CRASHED", True)


def test_an_unforeseen_error_is_tried_again_and_then_given_up(executor):
    model = upload(executor, "raises")
    do_next(executor)
    assert executor.records.model(model).inspection is InspectionState.QUEUED
    do_next(executor)
    found = executor.records.model(model)
    assert found.inspection is InspectionState.REJECTED
    assert found.problem is not None
    assert found.problem.code == "INTERNAL"


def test_a_result_that_the_records_refuse_costs_the_attempt_and_not_the_worker(executor, monkeypatch):
    """A bug that a model's result brings out: the attempt fails by name, and the worker does what comes next."""

    def refuse(*_):
        raise ValueError("no such thing")

    model, other = upload(executor, "report"), upload(executor, "report ")
    with monkeypatch.context() as patched:
        patched.setattr(type(executor.records), "complete", refuse)
        do_next(executor)
    assert executor.records.model(model).inspection is InspectionState.QUEUED
    do_next(executor)
    do_next(executor)
    assert executor.records.model(model).inspection is InspectionState.DONE
    assert executor.records.model(other).inspection is InspectionState.DONE


def test_a_damaged_blob_fails_with_its_own_error(executor):
    model = upload(executor, "report")
    path = executor.blobs.path(model)
    path.chmod(0o644)
    path.write_bytes(b"rotten")
    do_next(executor)
    problem = executor.records.model(model).problem
    assert problem is not None
    assert problem.code == "BLOB_CORRUPT"


def test_shards_report_progress_and_the_last_one_rings_for_the_outcome(executor):
    job_id = submit(executor, "report partial bad_outcome")
    while executor.records.job(job_id).progress.completed < executor.records.job(job_id).progress.total:
        do_next(executor)
    claim = executor.records.claim_next("test")
    assert claim is not None
    assert [executor.blobs.read(partial) for partial in claim.partials] == [
        partial(i) for i in range(len(claim.partials))
    ]
    executor.carry_out(claim)
    job = executor.records.job(job_id)
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert "not what its task promises" in job.error.detail


def test_arrays_that_lie_about_their_length_fail_the_shard_and_are_not_stored(executor):
    job_id = submit(executor, "report lies_about_arrays")
    do_next(executor)
    job = executor.records.job(job_id)
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert (job.error.code, "F32 of [1099511627776]" in job.error.found) == ("RUNNER_CRASHED", True)


def test_a_cancel_kills_the_runner_and_closes_the_job(executor):
    job_id = submit(executor, "report sleep")
    claim = executor.records.claim_next("test")
    lane = threading.Thread(target=executor.carry_out, args=(claim,))
    lane.start()
    time.sleep(0.5)
    executor.records.cancel(job_id)
    wait_until(lambda: executor.records.job(job_id).state is JobState.CANCELED)
    lane.join(10)
    assert not lane.is_alive()


def test_a_shutdown_hands_the_work_back_uncharged(executor):
    job_id = submit(executor, "report sleep")
    claim = executor.records.claim_next("test")
    lane = threading.Thread(target=executor.carry_out, args=(claim,))
    lane.start()
    time.sleep(0.5)
    executor.shutdown.set()
    lane.join(10)
    assert not lane.is_alive()
    assert executor.records.job(job_id).state is JobState.RUNNING
    again = executor.records.claim(claim.work_id, "other")
    assert again is not None
    assert again.attempt == 2
    executor.records.release(again)


def test_a_superseded_attempt_writes_nothing(executor):
    model = upload(executor, "report")
    late = executor.records.claim_next("late", lease_seconds=0.01)
    time.sleep(0.05)
    executor.records.sweep()
    winner = executor.records.claim_next("winner")
    assert winner.attempt == 2
    executor.carry_out(late)
    assert executor.records.model(model).inspection is InspectionState.RUNNING
    executor.carry_out(winner)
    assert executor.records.model(model).inspection is InspectionState.DONE


def test_a_deadline_that_has_passed_kills_the_runner(executor):
    object.__setattr__(executor, "settings", executor.settings.model_copy(update={"inspect_seconds": 0.5}))
    model = upload(executor, "loop")
    do_next(executor)
    problem = executor.records.model(model).problem
    assert problem is not None
    assert problem.code == "DEADLINE_EXCEEDED"


def test_the_limits_name_this_process_as_the_parent(executor):
    assert executor.settings.limits.parent == os.getpid()
