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
SETTINGS = {
    "lease_seconds": 3,
    "retry_seconds": 0,
    "sweep_seconds": 0.5,
    "tick_seconds": 0.5,
    "republish_seconds": 5,
    "database_seconds": 30,  # the machine may be busy, and tests do not ask again
}


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


def owners(talk: Talk) -> set[str]:
    """The workers that were heard of lately."""
    return {worker["owner"] for worker in talk.get("/v1/status").json()["workers"]}


def test_the_outcome_is_the_one_of_the_library_in_process_though_a_worker_dies(
    talk: Talk, first: Process, second: Process, in_process: Checked, model: Path, photos: list[Path]
) -> None:
    """Bit for bit, through a broker, a database server and workers of which one is killed after it had its share.

    The broker holds the dead worker's message for hours; the sweep rings again, be the work claimed or not yet.
    """
    wait_until(lambda: len(owners(talk)) == 2)
    assert talk.get("/v1/status").json()["mode"] == "distributed"
    job_id = talk.submitted(PLAN, model.read_bytes(), photos)
    wait_until(lambda: shards_done(second) > 0)
    second.kill()
    assert talk.ended(job_id)["state"] == "succeeded"
    assert shards_done(first) > 0
    assert talk.outcome(job_id) == in_process.outcome


@pytest.mark.slow
def test_one_worker_does_everything_in_one_attempt(
    talk: Talk, first: Process, in_process: Checked, model: Path, photos: list[Path]
) -> None:
    """Four shards, and the outcome of the library in process."""
    before = shards_done(first)
    job = talk.ended(talk.submitted(PLAN, model.read_bytes(), photos))
    assert (job["state"], job["attempt"]) == ("succeeded", 1)
    assert talk.outcome(job["id"]) == in_process.outcome
    assert shards_done(first) - before == 4


@pytest.mark.slow
def test_two_workers_share_a_job_and_change_nothing(
    distributed: Installation, talk: Talk, first: Process, in_process: Checked, model: Path, photos: list[Path]
) -> None:
    """Each does some of the shards."""
    known = owners(talk)
    other = distributed.celery()
    wait_until(lambda: bool(owners(talk) - known))
    before = shards_done(first)
    job = talk.ended(talk.submitted(PLAN, model.read_bytes(), photos))
    assert talk.outcome(job["id"]) == in_process.outcome
    assert 0 < shards_done(other) < 4
    assert shards_done(first) - before == 4 - shards_done(other)
    for worker in (other, first):
        assert worker.stop() == 0
