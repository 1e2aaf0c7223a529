"""A service as it is deployed, for benchmarks: its processes, validations in its queue."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from junco.contract.job import JobState
from tests.e2e.processes import environment, wait_until
from tests.e2e.talk import BRIEF

_FREE = {"key_requests_per_second": 1e6, "key_burst": 1e6}
"""The limits of one key would be measured otherwise."""


@dataclass(frozen=True)
class Place:
    """Where a service keeps its things: a folder, and a database elsewhere if named."""

    folder: Path
    database_url: str | None = None

    @property
    def storage(self) -> dict[str, object]:
        """JUNCO_* settings that its processes share."""
        told: dict[str, object] = {"home": self.folder / "home"}
        return told | ({"database_url": self.database_url} if self.database_url else {})

    @property
    def key(self) -> Path:
        """The file of the key that opens the service."""
        return self.folder / "first-key"

    @contextlib.contextmanager
    def process(self, *arguments: str, **settings: object) -> Iterator[int]:
        """``python -m`` with these arguments, asked to end afterwards; its id."""
        command = (sys.executable, "-m", *arguments)
        with (self.folder / "processes.log").open("ab") as log:
            told = environment(self.folder, **self.storage, **settings)
            child = subprocess.Popen(command, env=told, stdout=log, stderr=log)
        try:
            yield child.pid
            if child.poll() is not None:
                raise RuntimeError(
                    f"{arguments[0]} ended early:\n{(self.folder / 'processes.log').read_text()[-2000:]}"
                )
        finally:
            child.terminate()
            child.wait(60)

    @contextlib.contextmanager
    def service(self, port: int) -> Iterator[tuple[int, dict[str, str]]]:
        """The service with keys, answering; its process id, and the headers that open it."""
        access = {"access": "keys", "first_key_file": self.key, **_FREE}
        with self.process("service", "--port", str(port), **access) as pid:
            answering(f"http://127.0.0.1:{port}/livez")
            yield pid, {"Authorization": f"Bearer {self.key.read_text().strip()}"}


def answering(url: str) -> None:
    """Wait until the server answers."""
    wait_until(lambda: _answers(url), 60)


def _answers(url: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return bool(httpx.get(url).status_code)
    return False


def submitted(client: httpx.Client, model: str, images: str, count: int) -> list[str]:
    """So many of the smallest validations in the queue; their ids."""
    plan = {**BRIEF, "model": model, "images": images}
    answers = [client.post("/v1/validations", json={**plan, "seed": seed}) for seed in range(count)]
    assert {answer.status_code for answer in answers} == {202}
    return [answer.json()["id"] for answer in answers]


def ended(client: httpx.Client) -> dict[str, int]:
    """Validations by how they ended."""
    jobs = client.get("/v1/status").json()["jobs"]
    return {state: jobs[state] for state in JobState if state.is_terminal and jobs.get(state)}


def drained(client: httpx.Client, count: int, *, seconds: float = 600) -> dict[str, int]:
    """How ``count`` validations ended, once they have."""
    wait_until(lambda: sum(ended(client).values()) >= count, seconds)
    return ended(client)
