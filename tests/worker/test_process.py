"""Worker processes as operators run them: real records, the real engine, and a model that never ends."""

import os
import signal
import subprocess
import sys
import time

import pytest

from junco.contract.errors import DeadlineExceeded
from junco.contract.job import InspectionState, WorkKind
from junco.contract.model import ModelReport
from junco.contract.wire import Task
from junco.storage.models import Upload
from junco.storage.opening import open_blobs, open_records
from tests.e2e.processes import runners_of, wait_until
from tests.truth.models import as_torchscript, small_cnn
from worker.runner.limits import Limits
from worker.runner.parent import Runner
from worker.settings import WorkerSettings

SHAPE = (3, 32, 32)


@pytest.fixture
def home(tmp_path):
    return WorkerSettings(home=tmp_path / "home", lease_seconds=3)


def upload(settings: WorkerSettings, data: bytes) -> str:
    blobs, records = open_blobs(settings), open_records(settings)
    digest, size = blobs.put_stream([data])
    records.add_model(Upload(digest=digest, name="model.pt", size=size, input_shape=SHAPE), blobs)
    return digest


def start(settings: WorkerSettings, *arguments: str) -> subprocess.Popen:
    told = {"JUNCO_HOME": str(settings.home), "JUNCO_LEASE_SECONDS": "3", "JUNCO_THREADS": "1"}
    environment = {**os.environ, **told, "TMPDIR": str(settings.home.parent)}
    return subprocess.Popen([sys.executable, "-m", "worker", *arguments], env=environment, cwd=settings.home.parent)


def inspecting(settings: WorkerSettings, model: bytes) -> tuple[subprocess.Popen, str]:
    """A worker that is inspecting a model, a spare runner beside its own, and the model's digest."""
    digest, records = upload(settings, model), open_records(settings)
    worker = start(settings)
    wait_until(lambda: records.model(digest).inspection is InspectionState.RUNNING)
    wait_until(lambda: len(runners_of(worker.pid)) == 2)
    return worker, digest


def test_the_real_engine_inspects_a_real_model_in_a_confined_runner():
    with Runner(Limits(parent=os.getpid())) as runner:
        path = runner.work / "model.pt"
        path.write_bytes(as_torchscript(small_cnn(), SHAPE, "scripted"))
        task = Task(
            kind=WorkKind.INSPECT,
            model="sha256:" + "0" * 64,
            model_path=str(path),
            out=str(runner.out),
            input_shape=SHAPE,
        )
        files = runner.run(task, deadline_s=60, on_event=lambda _: None)
        report = ModelReport.model_validate_json(files["report.json"].read_text())
    assert (report.format, report.classes, report.parameters) == ("torchscript", 10, 1610)
    assert runner.sandbox == "rlimits+nnp+landlock+seccomp"


def test_a_model_that_never_ends_is_killed_at_its_deadline(endless):
    with Runner(Limits(parent=os.getpid())) as runner:
        runner.wait_ready()
        path = runner.work / "model.pt"
        path.write_bytes(endless)
        task = Task(
            kind=WorkKind.INSPECT,
            model="sha256:" + "0" * 64,
            model_path=str(path),
            out=str(runner.out),
            input_shape=SHAPE,
        )
        began = time.monotonic()
        with pytest.raises(DeadlineExceeded):
            runner.run(task, deadline_s=2, on_event=lambda _: None)
    assert 2 <= time.monotonic() - began < 5


def test_once_does_all_the_work_there_is_and_ends(home):
    digest = upload(home, as_torchscript(small_cnn(), SHAPE, "scripted"))
    assert start(home, "--once").wait(60) == 0
    assert open_records(home).model(digest).inspection is InspectionState.DONE
    assert list(home.home.parent.glob("junco-runner-*")) == []


def test_sigterm_hands_the_work_back_at_once(home, endless):
    worker, digest = inspecting(home, endless)
    records = open_records(home)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(15) == 0
    assert records.model(digest).inspection is InspectionState.QUEUED
    again = records.claim_next("another")
    assert again is not None
    assert runners_of(worker.pid) == []
    assert list(home.home.parent.glob("junco-runner-*")) == []


def test_a_worker_that_is_killed_takes_its_runners_along_and_the_work_is_done_by_another(home, endless):
    worker, _ = inspecting(home, endless)
    records = open_records(home)
    worker.kill()
    worker.wait()
    wait_until(lambda: runners_of(worker.pid) == [], 10)
    wait_until(lambda: records.sweep().requeued == 1, 20)
    claim = records.claim_next("another")
    assert claim is not None
    assert claim.attempt == 2
    # The next worker on the machine clears away the folders of the dead one.
    records.release(claim)
    successor = start(home)
    wait_until(lambda: not list(home.home.parent.glob(f"junco-runner-{worker.pid}-*")), 30)
    successor.send_signal(signal.SIGTERM)
    assert successor.wait(30) == 0
