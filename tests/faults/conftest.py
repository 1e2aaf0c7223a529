"""Installations of real processes, and ways to hurt them."""

import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import in_process, model, photos  # noqa: F401 - fixtures of the same real job
from tests.e2e.processes import Installation, installation, wait_until
from tests.e2e.talk import Talk
from tests.faults import daemons
from tests.faults.daemons import Postgres, Redis

HASTY = {"lease_seconds": 3, "retry_seconds": 0, "sweep_seconds": 0.5, "tick_seconds": 0.3, "republish_seconds": 3}
"""Settings under which what takes minutes in production takes seconds."""


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    with daemons.redis(tmp_path_factory.mktemp("redis")) as made:
        yield made


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with daemons.postgres() as made:
        yield made


@pytest.fixture(scope="module")
def cluster(postgres: Postgres, redis: Redis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """PostgreSQL, Redis and the HTTP process; workers come and go with the tests."""
    told = {"database_url": postgres.url, "broker_url": redis.url, **HASTY, "lease_seconds": 10}
    with installation(tmp_path_factory.mktemp("cluster"), **told) as made:
        made.service()
        yield made


@pytest.fixture(scope="module")
def hasty(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """SQLite and the HTTP process, under the module's own ``SETTINGS`` besides."""
    own = getattr(request.module, "SETTINGS", {})
    with installation(tmp_path_factory.mktemp("hasty"), **HASTY, **own) as made:
        made.service()
        yield made


@pytest.fixture
def talk(cluster: Installation) -> Iterator[Talk]:
    with Talk(cluster) as client:
        yield client


def spooled(at: Installation) -> list[Path]:
    """Uploads in flight."""
    return [path for path in at.home.rglob("up-*") if path.is_file()]


def begun_upload(at: Installation, size: int, sent: bytes) -> socket.socket:
    """A connection on which an upload of ``size`` bytes has begun with ``sent``."""
    link = socket.create_connection(("127.0.0.1", at.port), timeout=20)
    head = f"POST /v1/models HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\nContent-Length: {size}"
    link.sendall(head.encode() + b"\r\n\r\n" + sent)
    return link


def work_folders(at: Installation) -> list[Path]:
    """Folders of runners."""
    return list(at.tmp.glob("junco-runner-*"))


def runner_folder(pid: int) -> Path:
    """The work folder of a runner."""
    words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return Path(json.loads(next(word for word in words if word.startswith(b"{")))["work"])


def as_root() -> bool:
    return os.getuid() == 0


def ids_of(talk: Talk, data: bytes, files: list[Path]) -> dict[str, str]:
    """Uploads, without waiting for the inspection."""
    told = {"headers": {"Content-Type": "application/octet-stream"}, "params": {"input_shape": "1x28x28"}}
    found = talk.post("/v1/models", content=data, **told)
    return {"model": found.json()["id"], "images": talk.images(files).json()["id"]}


def accepted(talk: Talk, plan: dict[str, object], data: bytes, files: list[Path]) -> str:
    """A validation submitted before anybody has inspected its model; its id."""
    answer = talk.post("/v1/validations", json={**plan, **ids_of(talk, data, files)})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def running(talk: Talk, plan: dict[str, object], data: bytes, files: list[Path]) -> str:
    """A validation that a runner computes; its id."""
    job_id = accepted(talk, plan, data, files)
    wait_until(lambda: talk.job(job_id)["state"] == "running")
    time.sleep(1)
    return job_id
