"""What goes wrong while work is done: jobs end all the same, nothing runs for ever, and nobody is taken along."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.e2e.conftest import Checked, scripted
from tests.e2e.processes import Installation, Process, installation, processor_seconds, runners_of, wait_until
from tests.e2e.talk import BRIEF, LONG, PLAN, Talk

pytestmark = pytest.mark.e2e
HASTY = {"lease_seconds": 2, "max_attempts": 2, "retry_seconds": 0, "sweep_seconds": 0.5, "tick_seconds": 0.5}
TIGHT = {"inspect_seconds": 8, "memory_bytes": 2 << 30}


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A service whose leases lapse in seconds; workers come and go with the tests."""
    with installation(tmp_path_factory.mktemp("hasty"), **HASTY, **TIGHT) as made:
        made.service()
        yield made


@pytest.fixture
def talk(hasty: Installation) -> Iterator[Talk]:
    with Talk(hasty) as client:
        yield client


@pytest.fixture(scope="module")
def worker(hasty: Installation) -> Process:
    """An embedded worker that outlives every model that it meets, until the tests that kill workers."""
    return hasty.worker()


class Endless(torch.nn.Module):
    """Never answers."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        total = x.sum()
        while bool(total == total):
            total = total * 0 + 1
        return x.flatten(1)


class Glutton(torch.nn.Module):
    """Asks for more memory than any runner may have."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.flatten(1) + torch.ones(1024, 1024, 1024)[0, 0, 0]


@pytest.mark.parametrize(
    ("module", "code"), [(Endless, "DEADLINE_EXCEEDED"), (Glutton, "MEMORY_EXCEEDED")], ids=["endless", "glutton"]
)
def test_a_model_that_never_answers_or_eats_all_memory_is_refused_in_time(
    talk: Talk, worker: Process, module: type[torch.nn.Module], code: str
) -> None:
    """The inspection ends with its problem, and the worker lives."""
    began = time.monotonic()
    answer = talk.model(scripted(module()))
    assert (answer.status_code, answer.json()["code"], answer.json()["stage"]) == (500, code, "inspect")
    assert time.monotonic() - began < 40
    assert worker.popen.poll() is None
    assert talk.get("/v1/models").json()["models"] == []


def running(talk: Talk, plan: dict[str, object], model: Path, photos: list[Path]) -> str:
    """A submitted validation that a worker has taken up, and computes."""
    job_id = talk.submitted(plan, model.read_bytes(), photos)
    wait_until(lambda: talk.job(job_id)["state"] == "running")
    time.sleep(0.5)
    return job_id


def test_a_job_is_canceled_while_it_runs_and_the_worker_takes_the_next(
    talk: Talk, worker: Process, model: Path, photos: list[Path]
) -> None:
    """Within seconds, its runner gone."""
    job_id = running(talk, LONG, model, photos)
    before = set(runners_of(worker.pid))
    assert talk.post(f"/v1/validations/{job_id}:cancel").status_code == 202
    began = time.monotonic()
    job = talk.ended(job_id)
    assert job["state"] == "canceled"
    assert time.monotonic() - began < 8
    wait_until(lambda: bool(before - set(runners_of(worker.pid))), 5)
    answer = talk.get(f"/v1/validations/{job_id}/result")
    assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT")
    assert talk.post(f"/v1/validations/{job_id}:cancel").status_code == 200
    assert talk.ended(talk.submitted(BRIEF, model.read_bytes(), photos))["verdict"] == "pass"


def test_a_job_that_is_out_of_time_fails(talk: Talk, worker: Process, model: Path, photos: list[Path]) -> None:
    """timeout_seconds is kept, and the result says so."""
    job = talk.ended(talk.submitted({**LONG, "timeout_seconds": 10}, model.read_bytes(), photos))
    assert (job["state"], job["error"]["code"]) == ("failed", "DEADLINE_EXCEEDED")
    assert talk.get(f"/v1/validations/{job['id']}/result").json()["code"] == "DEADLINE_EXCEEDED"


def test_a_runner_that_is_killed_costs_its_job_and_not_the_worker(
    talk: Talk, worker: Process, model: Path, photos: list[Path]
) -> None:
    """As a segmentation fault in a model's code would: the problem names the signal."""
    job_id = running(talk, LONG, model, photos)
    os.kill(max(runners_of(worker.pid), key=processor_seconds), signal.SIGSEGV)
    job = talk.ended(job_id)
    assert (job["state"], job["error"]["code"], job["error"]["found"]) == ("failed", "RUNNER_CRASHED", "SIGSEGV")
    assert worker.popen.poll() is None


def test_work_of_a_worker_that_was_killed_is_done_by_another_with_the_same_result(
    hasty: Installation, talk: Talk, worker: Process, in_process: Checked, model: Path, photos: list[Path]
) -> None:
    """The lease lapses, the second attempt succeeds, and the outcome is the one of an untroubled run."""
    job_id = running(talk, PLAN, model, photos)
    worker.kill()
    wait_until(lambda: runners_of(worker.pid) == [], 10)
    second = hasty.worker()
    job = talk.ended(job_id)
    assert (job["state"], job["attempt"]) == ("succeeded", 2)
    assert talk.outcome(job_id) == in_process.outcome
    # What the dead worker left, the living one has cleared away.
    assert not list(hasty.tmp.glob(f"junco-runner-{worker.pid}-*"))
    assert second.stop() == 0
    assert list(hasty.tmp.glob("junco-*")) == []


def test_a_job_that_takes_every_worker_with_it_fails_as_lost(
    hasty: Installation, talk: Talk, model: Path, photos: list[Path]
) -> None:
    """After as many attempts as are allowed; no worker is needed to say so."""
    job_id = talk.submitted(LONG, model.read_bytes(), photos)
    for attempt in (1, 2):
        doomed = hasty.worker()
        wait_until(lambda: (job := talk.job(job_id))["attempt"] == attempt and job["state"] == "running")  # noqa: B023
        doomed.kill()
    job = talk.ended(job_id, 30)
    assert (job["state"], job["error"]["code"]) == ("failed", "WORKER_LOST")
