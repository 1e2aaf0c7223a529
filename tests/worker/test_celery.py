"""The distributed way: a real broker, a real Celery worker, and the records between them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from junco.contract.bell import TASK
from junco.contract.job import InspectionState
from junco.storage.blobs import Blobs
from junco.storage.models import Upload
from junco.storage.opening import open_blobs, open_records
from junco.storage.records import Records
from service.bell import publisher
from tests.faults import daemons
from tests.servers import free_port, redis_server
from worker.celery_app import app
from worker.settings import WorkerSettings

WORKER = (sys.executable, "-m", "celery", "-A", "worker.celery_app", "worker")
QUIET = ("--concurrency", "1", "--without-gossip", "--without-mingle", "--loglevel", "INFO")


def wait_until(condition, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


def test_late_acknowledgement_and_spawn_are_set_and_no_pickle_is_accepted():
    assert app.conf.task_acks_late is True
    assert app.conf.worker_pool_start_method == "spawn"
    assert list(app.conf.accept_content) == ["json"]
    assert app.conf.worker_cancel_long_running_tasks_on_connection_loss is False
    assert TASK in app.tasks


@pytest.fixture
def installation(tmp_path):
    """Records, blobs, a broker, a bell and a Celery worker."""
    with redis_server(tmp_path) as url:
        settings = WorkerSettings(home=tmp_path / "home", broker_url=url)
        environment = {**os.environ, "JUNCO_HOME": str(settings.home), "JUNCO_BROKER_URL": url, "JUNCO_THREADS": "1"}
        environment |= {"JUNCO_HEARTBEAT_FILE": str(tmp_path / "alive"), "TMPDIR": str(tmp_path)}
        worker = subprocess.Popen([*WORKER, *QUIET], env=environment, cwd=tmp_path)
        yield Installation(open_records(settings), open_blobs(settings), publisher(settings), worker)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(40) == 0
        assert list(tmp_path.glob("junco-*")) == []


@dataclass(frozen=True)
class Installation:
    records: Records
    blobs: Blobs
    publish: Callable[[str], None]
    worker: subprocess.Popen

    def upload(self, data: bytes) -> tuple[str, str]:
        """The ids of a model and of its inspection, which is announced."""
        digest, size = self.blobs.put_stream([data])
        self.records.add_model(Upload(digest=digest, name="m.pt", size=size, input_shape=(3, 32, 32)), self.blobs)
        rung: list[str] = []
        self.records.publish_pending(lambda work_id: (self.publish(work_id), rung.append(work_id)))
        return digest, rung[0]


@pytest.mark.e2e
@pytest.mark.slow
def test_a_bell_has_work_done_and_a_second_bell_changes_nothing(installation, tmp_path):
    records = installation.records
    digest, work_id = installation.upload(b"not a model at all")
    wait_until(lambda: records.model(digest).inspection is InspectionState.REJECTED)
    revision = records.model(digest).revision
    installation.publish(work_id)
    time.sleep(1)
    assert records.model(digest).revision == revision
    assert records.model(digest).problem.code in ("MODEL_FORMAT_UNSUPPORTED", "MODEL_UNREADABLE")
    assert (tmp_path / "alive").exists()
    assert len(records.workers(within_seconds=60)) == 1


@pytest.mark.e2e
@pytest.mark.slow
def test_sigterm_hands_the_work_back_long_before_its_lease_ends(installation, endless):
    records = installation.records
    digest, _ = installation.upload(endless)
    wait_until(lambda: records.model(digest).inspection is InspectionState.RUNNING)
    time.sleep(1)
    installation.worker.send_signal(signal.SIGTERM)
    assert installation.worker.wait(15) == 0
    assert records.model(digest).inspection is InspectionState.QUEUED
    assert records.claim_next("another") is not None


def test_a_lane_that_cannot_open_ends_its_process(tmp_path):
    """Not idle until a bell rings: Celery replaces what has ended. Both ways of running say so by their status."""
    nobody = f"postgresql+pg8000://junco@127.0.0.1:{free_port()}/junco"
    (tmp_path / "stop").touch()  # no pause before the next try
    environment = {**os.environ, "JUNCO_DATABASE_URL": nobody, "JUNCO_STOP_FILE": str(tmp_path / "stop")}
    lane = "from worker import celery_app; celery_app._begin_lane()"
    for command, status in ((["-c", lane], os.EX_TEMPFAIL), (["-m", "worker"], 1)):
        done = subprocess.run(
            [sys.executable, *command], env=environment, cwd=tmp_path, capture_output=True, check=False
        )
        assert done.returncode == status, done.stderr.decode()


@pytest.mark.e2e
@pytest.mark.slow
def test_a_worker_that_starts_before_its_database_works_once_it_is_there(tmp_path):
    """Without a bell: it is seen among the workers; and told to stop while it tries, it stops."""
    with daemons.postgres() as postgres, redis_server(tmp_path) as broker:
        postgres.kill()
        environment = {**os.environ, "JUNCO_HOME": str(tmp_path / "home"), "JUNCO_BROKER_URL": broker}
        environment |= {"JUNCO_DATABASE_URL": postgres.url, "TMPDIR": str(tmp_path), "JUNCO_THREADS": "1"}
        log = tmp_path / "log"
        for ending in ("while it tries", "at work"):
            with log.open("wb") as file:
                worker = subprocess.Popen(
                    [*WORKER, *QUIET], env=environment, cwd=tmp_path, stdout=file, stderr=subprocess.STDOUT
                )
            try:
                wait_until(lambda: log.read_text().count("the lane cannot open") > 1)
                if ending == "at work":
                    postgres.start()
                    records = open_records(WorkerSettings(home=tmp_path / "home", database_url=postgres.url))
                    wait_until(lambda: len(records.workers(within_seconds=60)) == 1)  # noqa: B023 - called at once
                    records.close()
                worker.send_signal(signal.SIGTERM)
                assert worker.wait(40) == 0, ending
            finally:
                worker.kill()
