"""PostgreSQL, Redis, the service and Celery workers: the same job, the same outcome, whoever computes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Checked
from tests.e2e.processes import Installation, Process, installation, wait_until
from tests.e2e.talk import PLAN, Talk
from tests.servers import redis_server
from tests.storage import postgres

pytestmark = pytest.mark.e2e
SETTINGS = {"lease_seconds": 3, "retry_seconds": 0, "sweep_seconds": 0.5, "tick_seconds": 0.5, "republish_seconds": 5}


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with postgres.server() as url:
        yield url


@pytest.fixture(scope="module")
def distributed(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Everything but workers."""
    folder = tmp_path_factory.mktemp("distributed")
    with (
        redis_server(folder) as broker,
        installation(folder, database_url=database, broker_url=broker, **SETTINGS) as made,
    ):
        made.service()
        yield made


@pytest.fixture(scope="module")
def first(distributed: Installation) -> Process:
    return distributed.celery()


@pytest.fixture(scope="module")
def second(distributed: Installation) -> Process:
    return distributed.celery()


@pytest.fixture
def talk(distributed: Installation) -> Iterator[Talk]:
    with Talk(distributed) as client:
        yield client


def shards_done(worker: Process) -> int:
    """Shards that a worker has said to have finished."""
    return sum(" shard " in line and ": done " in line for line in worker.said().splitlines())


def test_the_outcome_is_the_one_of_the_library_in_process(
    talk: Talk, first: Process, in_process: Checked, model: Path, photos: list[Path]
) -> None:
    """Bit for bit, through a broker, a database server and a worker of another process tree."""
    job = talk.ended(talk.submitted(PLAN, model.read_bytes(), photos))
    assert (job["state"], job["attempt"]) == ("succeeded", 1)
    assert talk.outcome(job["id"]) == in_process.outcome
    status = talk.get("/v1/status").json()
    assert (status["mode"], len(status["workers"])) == ("distributed", 1)
    assert shards_done(first) == 4


def test_two_workers_share_a_job_and_change_nothing(
    talk: Talk, first: Process, second: Process, in_process: Checked, model: Path, photos: list[Path]
) -> None:
    """Each does some of the shards."""
    wait_until(lambda: len(talk.get("/v1/status").json()["workers"]) == 2)
    before = shards_done(first)
    job = talk.ended(talk.submitted(PLAN, model.read_bytes(), photos))
    assert talk.outcome(job["id"]) == in_process.outcome
    assert 0 < shards_done(second) < 4
    assert shards_done(first) - before == 4 - shards_done(second)


def test_work_of_a_worker_that_was_killed_is_announced_again_and_done_by_the_other(
    talk: Talk, first: Process, second: Process, in_process: Checked, model: Path, photos: list[Path]
) -> None:
    """The broker holds the dead worker's message for hours; the sweep rings again, be the work claimed or not yet."""
    job_id = talk.submitted(PLAN, model.read_bytes(), photos)
    wait_until(lambda: talk.job(job_id)["state"] == "running")
    second.kill()
    job = talk.ended(job_id)
    assert job["state"] == "succeeded"
    assert talk.outcome(job_id) == in_process.outcome
    assert first.stop() == 0
