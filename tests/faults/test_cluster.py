"""Redis, PostgreSQL, messages and clocks that fail: rows 2, 3, 5 to 9, 12, 18, 19, 31 and 36 of the fault table.

One worker does everything that the faults leave behind, and all of it is done once in effect.
"""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import redis as redis_client
from sqlalchemy import create_engine, text

from junco.contract.bell import KEY_PREFIX, QUEUE
from junco.storage.settings import StorageSettings
from service.bell import publisher
from tests.e2e.processes import Installation, Process, installation, runners_of, wait_until
from tests.e2e.talk import BRIEF, PLAN, Talk
from tests.faults.conftest import HASTY, accepted, ids_of
from tests.faults.daemons import Postgres, Redis
from tests.faults.wire import Wire

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
UNHURRIED = {"lease_seconds": 60, "database_seconds": 30}
"""Where one attempt is what is shown: on a busy machine a thread, or a server, may not be given a few seconds."""


@pytest.fixture(scope="module")
def worker(cluster: Installation) -> Process:
    """Heard of by the service before any fault."""
    made = cluster.celery()
    with Talk(cluster) as client:
        wait_until(lambda: len(client.get("/v1/status").json()["workers"]) == 1, 120)
    return made


@pytest.fixture
def ask(talk: Talk, model: Path, photos: list[Path]) -> Iterator[object]:
    """Submits the smallest job, each time another one; its id."""
    count = iter(range(1000))

    def asked(row: str, plan: dict[str, object] = BRIEF) -> str:
        return accepted(talk, {**plan, "labels": {"row": row, "n": str(next(count))}}, model.read_bytes(), photos)

    return asked  # type: ignore[return-value]


def done_once(talk: Talk, job_id: str) -> None:
    """Succeeded, with the result in place."""
    job = talk.ended(job_id)
    assert job["state"] == "succeeded", job
    assert talk.get(f"/v1/validations/{job_id}/result").status_code == 200


def jobs_in(cluster: Installation) -> int:
    """Committed rows."""
    engine = create_engine(str(cluster.settings["database_url"]))
    with engine.connect() as connection:
        found = int(connection.scalar(text("SELECT count(*) FROM jobs")) or 0)
    engine.dispose()
    return found


def test_row_05_redis_dies_and_comes_back(talk: Talk, worker: Process, redis: Redis, ask) -> None:
    """Reads are answered and submissions accepted meanwhile; what was submitted is done."""
    before = ask("5")
    redis.kill()
    during = ask("5")
    assert talk.job(during)["state"] in ("queued", "running")
    redis.start()
    done_once(talk, before)
    done_once(talk, during)


def test_row_06_redis_is_wiped(talk: Talk, worker: Process, redis: Redis, ask) -> None:
    """Bells are rung again for what waits."""
    os.killpg(worker.pid, signal.SIGSTOP)
    jobs = [ask("6") for _ in range(2)]
    redis_client.Redis.from_url(redis.url).flushall()
    os.killpg(worker.pid, signal.SIGCONT)
    for job_id in jobs:
        done_once(talk, job_id)


def test_row_07_submitting_does_not_wait_for_redis(talk: Talk, worker: Process, redis: Redis, ask) -> None:
    """202 in bounded time while nothing answers there, and done afterwards."""
    slowest, jobs = 0.0, []
    with redis.paused():
        for _ in range(2):
            began = time.monotonic()
            jobs.append(ask("7"))
            slowest = max(slowest, time.monotonic() - began)
    assert slowest < 40  # three requests, each waits for Redis for five seconds at most; the machine may be busy
    for job_id in jobs:
        done_once(talk, job_id)


def test_row_09_the_service_dies_between_commit_and_bell(
    cluster: Installation, worker: Process, redis: Redis, model: Path, photos: list[Path], talk: Talk
) -> None:
    """The row is there and nobody was told; the next service tells."""
    ids = ids_of(talk, model.read_bytes(), photos)
    key = {"Idempotency-Key": "row-9"}
    before = jobs_in(cluster)
    with redis.paused():

        def submit() -> None:
            with Talk(cluster) as client, contextlib.suppress(httpx.TransportError):
                client.post("/v1/validations", json={**BRIEF, **ids, "labels": {"row": "9b"}}, headers=key)

        thread = threading.Thread(target=submit)
        thread.start()
        wait_until(lambda: jobs_in(cluster) > before)
        cluster.processes[0].kill()
        thread.join()
    service = cluster.service()
    assert service.popen.poll() is None
    with Talk(cluster) as client:
        # Asked again under its key: the row that was committed answers, and no second one is made.
        told = {**BRIEF, **ids, "labels": {"row": "9b"}}
        answer = client.post("/v1/validations", json=told, headers=key)
        assert answer.headers.get("idempotent-replayed") == "true"
        done_once(client, answer.json()["id"])


def test_row_12_the_database_restarts(
    cluster: Installation, talk: Talk, worker: Process, postgres: Postgres, ask
) -> None:
    """503 while it is away, one job for one key however often it is sent, and work goes on."""
    job_id = ask("12")
    found = talk.job(job_id)
    postgres.kill()
    try:
        # Connections of their own: one that was kept may be closed as idle just when it is used.
        url = f"{cluster.url}/v1/validations/{job_id}"
        assert {httpx.get(url, timeout=30).status_code for _ in range(3)} == {503}
        assert httpx.get(f"{cluster.url}/livez", timeout=30).status_code == 200
    finally:
        postgres.start()
    wait_until(lambda: talk.get(f"/v1/validations/{job_id}").status_code == 200)
    assert talk.job(job_id)["create_time"] == found["create_time"]
    done_once(talk, job_id)


def test_row_12_the_database_hangs(cluster: Installation, talk: Talk, worker: Process, postgres: Postgres, ask) -> None:
    """503 in bounded time while it is stopped, for one who asks and for forty at once; then all is as it was."""
    job_id = ask("12 again")
    url, found = f"{cluster.url}/v1/validations/{job_id}", []

    def asked(path: str) -> None:
        found.append(httpx.get(url + path, timeout=60).status_code)

    with postgres.paused():
        asked("")
        crowd = [threading.Thread(target=asked, args=(path,)) for path in ("", "/artifacts") for _ in range(20)]
        for thread in crowd:
            thread.start()
        for thread in crowd:
            thread.join()
        assert httpx.get(f"{cluster.url}/livez", timeout=60).status_code == 200
    assert found == [503] * 41
    done_once(talk, job_id)


def test_rows_18_and_19_doubled_messages_have_one_effect(
    cluster: Installation, talk: Talk, worker: Process, redis: Redis, ask
) -> None:
    """Each bell three more times, while its work waits, runs and is done: one attempt each."""
    ring = publisher(StorageSettings(broker_url=redis.url))
    assert ring is not None
    engine = create_engine(str(cluster.settings["database_url"]))
    job_id, end = ask("18"), time.monotonic() + 400
    while talk.job(job_id)["state"] in ("queued", "running"):
        assert time.monotonic() < end
        with engine.connect() as connection:
            for work_id in connection.scalars(text("SELECT id FROM work WHERE job_id = :j"), {"j": job_id}):
                ring(work_id)
        time.sleep(0.5)
    with engine.connect() as connection:
        attempts = list(connection.scalars(text("SELECT attempt FROM work WHERE job_id = :j"), {"j": job_id}))
    engine.dispose()
    assert attempts == [1] * len(attempts)
    done_once(talk, job_id)
    assert "nothing to do for" in worker.said()


def test_row_36_a_message_that_nobody_understands_is_dropped(talk: Talk, worker: Process, redis: Redis, ask) -> None:
    """Unknown tasks, wrong arguments, no JSON at all: the worker lives and does the next job."""
    client = redis_client.Redis.from_url(redis.url)
    ring = publisher(StorageSettings(broker_url=redis.url))
    assert ring is not None
    ring("no such work")
    ring("\0")
    client.lpush(f"{KEY_PREFIX}{QUEUE}", b'{"body": "bm90IGpzb24=", "headers": {"task": "junco.unknown", "id": "1"}}')
    client.lpush(f"{KEY_PREFIX}{QUEUE}", b"not json")
    done_once(talk, ask("36"))


def test_rows_02_and_03_a_killed_worker_is_replaced(cluster: Installation, talk: Talk, worker: Process, ask) -> None:
    """SIGKILL to the whole group: its runner dies too, the lease lapses, and the second attempt succeeds."""
    job_id = ask("3", PLAN)
    wait_until(lambda: talk.job(job_id)["state"] == "running")
    worker.kill()
    wait_until(lambda: runners_of(worker.pid) == [])
    second = cluster.celery()
    done_once(talk, job_id)
    assert second.stop() == 0


_JUMP = "import os, time\n_t = time.time\n_s = float(os.environ['JUMP'])\ntime.time = lambda: _t() + _s\n"


@pytest.mark.parametrize("hours", [1, -1])
def test_row_31_a_wrong_clock_changes_no_lease(
    postgres: Postgres, redis: Redis, tmp_path: Path, model: Path, photos: list[Path], hours: int, monkeypatch
) -> None:
    """The service and the worker live in another hour than the database: nothing expires, the job is done at once."""
    (tmp_path / "sitecustomize.py").write_text(_JUMP)
    told = {"database_url": postgres.another(), "home": tmp_path / "home", **HASTY, **UNHURRIED}
    with installation(tmp_path, **told) as made:
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        monkeypatch.setenv("JUMP", str(3600 * hours))
        made.service()
        made.worker()
        with Talk(made) as client:
            job = client.ended(accepted(client, {**BRIEF, "seed": 31 + hours}, model.read_bytes(), photos))
            assert (job["state"], job["attempt"]) == ("succeeded", 1)


def test_row_08_a_connection_that_breaks_after_the_bell_rang(
    postgres: Postgres, redis: Redis, tmp_path: Path, model: Path, photos: list[Path]
) -> None:
    """The service cannot know that it was heard and rings again; the effect is one."""
    wire = Wire(redis.port)
    told = {"database_url": postgres.another(), "broker_url": f"redis://127.0.0.1:{wire.port}/1", **HASTY, **UNHURRIED}
    with installation(tmp_path, **told) as made:
        made.service()
        with Talk(made) as client:
            with wire.trouble("cut"):
                job_id = accepted(client, {**BRIEF, "seed": 8}, model.read_bytes(), photos)
                wait_until(lambda: wire.cuts > 0)
            made.celery()
            done_once(client, job_id)
            assert client.job(job_id)["attempt"] == 1
    wire.close()
