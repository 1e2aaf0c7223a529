"""Workers and runners that die, stop, return or are asked to go: rows 1, 4, 16, 17, 20, 32, 33 and 34."""

import os
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from junco.contract.errors import JobAlreadyFinished
from junco.storage.claim import Finalised
from junco.storage.opening import open_blobs, open_records
from junco.storage.settings import StorageSettings
from tests.e2e.conftest import Checked
from tests.e2e.processes import Installation, Process, processor_seconds, runners_of, wait_until
from tests.e2e.talk import BRIEF, LONG, PLAN, Talk
from tests.faults.conftest import accepted, runner_folder, running
from tests.faults.hand import finalising


@pytest.fixture
def talk(hasty: Installation) -> Iterator[Talk]:
    with Talk(hasty) as client:
        yield client


@pytest.fixture
def worker(hasty: Installation) -> Iterator[Process]:
    made = hasty.worker()
    yield made
    if made.popen.poll() is None:
        made.stop()


@pytest.mark.e2e
@pytest.mark.slow
def test_row_01_a_killed_runner_ends_its_job_only(talk: Talk, worker: Process, model: Path, photos: list[Path]) -> None:
    """SIGKILL: crashed or out of memory; the folder is gone, a dead letter is there, and the worker takes the next."""
    job_id = running(talk, LONG, model.read_bytes(), photos)
    victim = max(runners_of(worker.pid), key=processor_seconds)
    folder = runner_folder(victim)
    os.kill(victim, signal.SIGKILL)
    job = talk.ended(job_id)
    assert (job["state"], job["error"]["code"]) in [("failed", "RUNNER_CRASHED"), ("failed", "MEMORY_EXCEEDED")]
    assert not folder.exists()
    assert talk.ended(accepted(talk, BRIEF, model.read_bytes(), photos))["verdict"] == "pass"
    assert worker.popen.poll() is None


@pytest.mark.e2e
@pytest.mark.slow
def test_row_04_a_worker_that_slept_through_its_lease_writes_nothing(
    hasty: Installation, talk: Talk, worker: Process, in_process: Checked, model: Path, photos: list[Path]
) -> None:
    """The second attempt wins; when the first wakes up, its finish is fenced off."""
    job_id = running(talk, {**PLAN, "seed": 0}, model.read_bytes(), photos)
    os.kill(worker.pid, signal.SIGSTOP)
    second = hasty.worker()
    try:
        job = talk.ended(job_id)
    finally:
        os.kill(worker.pid, signal.SIGCONT)
    assert (job["state"], job["attempt"]) == ("succeeded", 2)
    time.sleep(3)
    assert talk.job(job_id)["revision"] == job["revision"]
    assert talk.outcome(job_id)["methods"] == in_process.outcome["methods"]
    assert second.stop() == 0


@pytest.mark.e2e
@pytest.mark.slow
def test_row_16_a_cancel_frees_the_lane(talk: Talk, worker: Process, model: Path, photos: list[Path]) -> None:
    """The child dies within a renewal and its grace, and the next job runs."""
    job_id = running(talk, LONG, model.read_bytes(), photos)
    before = set(runners_of(worker.pid))
    assert talk.post(f"/v1/validations/{job_id}:cancel").status_code == 202
    began = time.monotonic()
    assert talk.ended(job_id)["state"] == "canceled"
    assert time.monotonic() - began < 30
    wait_until(lambda: bool(before - set(runners_of(worker.pid))))


@pytest.mark.e2e
@pytest.mark.slow
def test_row_33_a_deploy_hands_work_back_uncharged(
    hasty: Installation, talk: Talk, in_process: Checked, model: Path, photos: list[Path]
) -> None:
    """SIGTERM while a job runs: the worker is gone in seconds with status 0, and the next one finishes the job."""
    old = hasty.worker()
    job_id = running(talk, {**PLAN, "labels": {"row": "33"}}, model.read_bytes(), photos)
    began = time.monotonic()
    assert old.stop() == 0
    assert time.monotonic() - began < 40
    fresh = hasty.worker()
    job = talk.ended(job_id)
    assert job["state"] == "succeeded"
    records = open_records(StorageSettings(home=hasty.home))
    assert job_id not in [letter.validation for letter in records.upkeep.dead_letters(size=10)]
    records.close()
    assert talk.outcome(job_id)["methods"] == in_process.outcome["methods"]
    assert fresh.stop() == 0


_NO_LANDLOCK = """
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
lines = [(0x20, 0, 0, 0), (0x35, 0, 2, 444), (0x25, 1, 0, 446), (0x06, 0, 0, 0x00050000 | 38), (0x06, 0, 0, 0x7FFF0000)]
code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in lines))
program = ctypes.create_string_buffer(struct.pack("=HxxxxxxQ", len(lines), ctypes.addressof(code)))
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(program)) == 0, ctypes.get_errno()
os.execv(sys.executable, [sys.executable, "-m", "worker"])
"""
"""Starts a worker on a machine whose kernel answers ENOSYS to the three calls of Landlock (444 to 446 everywhere)."""


@pytest.mark.e2e
def test_row_34_a_worker_without_a_layer_takes_no_work(
    hasty: Installation, talk: Talk, model: Path, photos: list[Path]
) -> None:
    """It ends and its word names the layer; the job waits and does not fail."""
    job_id = accepted(talk, {**BRIEF, "labels": {"row": "34"}}, model.read_bytes(), photos)
    crippled = hasty.start("crippled", sys.executable, "-c", _NO_LANDLOCK)
    assert crippled.popen.wait(60) == os.EX_UNAVAILABLE, crippled.said()
    words = [seen["sandbox"] for seen in talk.get("/v1/status").json()["workers"]]
    assert any(word.startswith("takes no work: landlock") for word in words), crippled.said()
    assert talk.job(job_id)["state"] == "queued"


@pytest.mark.parametrize("round_", range(12))
def test_rows_17_and_32_a_race_with_the_finish_has_one_winner(tmp_path: Path, round_: int) -> None:
    """A cancel, a deadline and the finish at the same moment, from three processes' records: one end, which stays."""
    settings = StorageSettings(home=tmp_path, retry_seconds=0)
    records, other, third = (open_records(settings) for _ in range(3))
    claim, result = finalising(records, open_blobs(settings), seconds=0.05 if round_ % 2 else 60)
    assert isinstance(result, Finalised)
    if round_ % 2:
        time.sleep(0.04)  # so that the deadline falls into the race
    barrier, ends = threading.Barrier(3), {}

    def finish() -> None:
        barrier.wait()
        ends["finished"] = records.complete(claim, result)

    def cancel() -> None:
        barrier.wait()
        time.sleep(round_ * 0.0005)
        try:
            other.cancel(str(claim.job_id))
        except JobAlreadyFinished:
            ends["too late"] = True

    def reap() -> None:
        barrier.wait()
        third.sweep()

    threads = [threading.Thread(target=act) for act in (finish, cancel, reap)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if ends["finished"] is False:
        records.release(claim)
    job = records.job(str(claim.job_id))
    assert job.state.value in ("succeeded", "canceled", "failed")
    assert (job.state.value == "succeeded") == (ends["finished"] and bool(records.files(job.id)))
    assert records.complete(claim, result) is False
    third.sweep()
    assert records.job(job.id).revision == job.revision


def test_the_filter_of_row_34_is_well_formed() -> None:
    """Eight bytes a line; without it the same process does have Landlock, or the test above shows nothing."""
    assert len(struct.pack("=HBBI", 0x20, 0, 0, 0)) == 8
    version = "import ctypes; print(ctypes.CDLL(None).syscall(444, None, 0, 1))"
    found = subprocess.run([sys.executable, "-c", version], capture_output=True, text=True, check=True)
    assert int(found.stdout) >= 1
