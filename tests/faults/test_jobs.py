"""What goes wrong while work is done: jobs end all the same, nothing runs for ever, and nobody is taken along."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.e2e.conftest import Checked, scripted
from tests.e2e.processes import Installation, Process, processor_seconds, runners_of, wait_until
from tests.e2e.talk import BRIEF, LONG, PLAN, Talk
from tests.faults.conftest import running
from tests.worker.conftest import Endless

pytestmark = pytest.mark.e2e
SETTINGS = {"max_attempts": 2, "memory_bytes": 2 << 30}


@pytest.fixture
def talk(hasty: Installation) -> Iterator[Talk]:
    with Talk(hasty) as client:
        yield client


@pytest.fixture(scope="module")
def worker(hasty: Installation) -> Process:
    """An embedded worker that outlives every model that it meets, until the tests that kill workers."""
    return hasty.worker()


class Glutton(torch.nn.Module):
    """Asks for more memory than any runner may have."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.flatten(1) + torch.ones(1024, 1024, 1024)[0, 0, 0]


@pytest.fixture
def impatient(hasty: Installation) -> Iterator[Process]:
    """An embedded worker of its own: a good model may take longer on a busy machine than the endless one is allowed."""
    hasty.settings["inspect_seconds"] = 5
    made = hasty.worker()
    del hasty.settings["inspect_seconds"]
    yield made
    assert made.stop() == 0


def refused(talk: Talk, module: torch.nn.Module) -> tuple[int, str, str]:
    """How an upload's inspection ends; nothing of it is kept."""
    answer = talk.model(scripted(module))
    assert talk.get("/v1/models").json()["models"] == []
    return answer.status_code, answer.json()["code"], answer.json()["stage"]


def test_a_model_that_never_answers_is_refused_in_time(talk: Talk, impatient: Process) -> None:
    """The inspection ends with its problem, and the worker lives."""
    assert refused(talk, Endless()) == (500, "DEADLINE_EXCEEDED", "inspect")
    assert impatient.popen.poll() is None


def test_a_model_that_eats_all_memory_is_refused(talk: Talk, worker: Process) -> None:
    """As above."""
    assert refused(talk, Glutton()) == (500, "MEMORY_EXCEEDED", "inspect")
    assert worker.popen.poll() is None


def test_a_job_is_canceled_while_it_runs_and_the_worker_takes_the_next(
    talk: Talk, worker: Process, model: Path, photos: list[Path]
) -> None:
    """Within seconds, its runner gone."""
    job_id = running(talk, LONG, model.read_bytes(), photos)
    before = set(runners_of(worker.pid))
    assert talk.post(f"/v1/validations/{job_id}:cancel").status_code == 202
    began = time.monotonic()
    job = talk.ended(job_id)
    assert job["state"] == "canceled"
    assert time.monotonic() - began < 30
    wait_until(lambda: bool(before - set(runners_of(worker.pid))))
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
    job_id = running(talk, LONG, model.read_bytes(), photos)
    os.kill(max(runners_of(worker.pid), key=processor_seconds), signal.SIGSEGV)
    job = talk.ended(job_id)
    assert (job["state"], job["error"]["code"], job["error"]["found"]) == ("failed", "RUNNER_CRASHED", "SIGSEGV")
    assert worker.popen.poll() is None


@pytest.mark.slow
def test_work_of_a_worker_that_was_killed_is_done_by_another_with_the_same_result(
    hasty: Installation, talk: Talk, worker: Process, in_process: Checked, model: Path, photos: list[Path]
) -> None:
    """The lease lapses, the second attempt succeeds, and the outcome is the one of an untroubled run."""
    job_id = running(talk, PLAN, model.read_bytes(), photos)
    worker.kill()
    wait_until(lambda: runners_of(worker.pid) == [])
    second = hasty.worker()
    job = talk.ended(job_id)
    assert (job["state"], job["attempt"]) == ("succeeded", 2)
    assert talk.outcome(job_id) == in_process.outcome
    # What the dead worker left, the living one has cleared away.
    assert not list(hasty.tmp.glob(f"junco-runner-{worker.pid}-*"))
    assert second.stop() == 0
    assert list(hasty.tmp.glob("junco-*")) == []


def test_a_job_that_takes_every_worker_with_it_fails_as_lost(
    hasty: Installation, talk: Talk, worker: Process, model: Path, photos: list[Path]
) -> None:
    """After as many attempts as are allowed; no worker is needed to say so."""
    if worker.popen.poll() is None:  # the other tests' worker would rescue the job
        worker.kill()
    job_id = talk.submitted(LONG, model.read_bytes(), photos)
    for attempt in (1, 2):
        doomed = hasty.worker()
        wait_until(lambda: (job := talk.job(job_id))["attempt"] == attempt and job["state"] == "running")  # noqa: B023
        doomed.kill()
    job = talk.ended(job_id, 30)
    assert (job["state"], job["error"]["code"]) == ("failed", "WORKER_LOST")
