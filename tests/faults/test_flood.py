"""Row 35 of the fault table: one tenant floods the queue of a real installation, and another's wait is bounded."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.processes import Installation, installation, wait_until
from tests.e2e.talk import BRIEF, Talk
from tests.faults.conftest import HASTY

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
MOST = 2
"""Unfinished validations that a tenant may have."""
SENDERS = 6


@pytest.fixture
def keyed(tmp_path: Path) -> Iterator[Installation]:
    """Keys on: SQLite, the HTTP process and a worker."""
    told = {**HASTY, "access": "keys", "tenant_jobs": MOST, "first_key_file": tmp_path / "first-key"}
    with installation(tmp_path, **told) as made:
        made.service()
        made.worker()
        yield made


def tenant(at: Installation, name: str) -> dict[str, str]:
    """A new key's header."""
    admin = {"Authorization": f"Bearer {(at.folder / 'first-key').read_text().strip()}"}
    asked = {"name": name, "tenant": name, "scope": "submit"}
    answer = httpx.post(f"{at.url}/v1/keys", json=asked, headers=admin, timeout=30)
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json()['key']}"}


@contextmanager
def talking(at: Installation, name: str, model: Path, photos: list[Path]) -> Iterator[tuple[Talk, dict[str, str]]]:
    """A client of a tenant of its own, and the ids of what it has uploaded."""
    with Talk(at) as client:
        client.headers.update(tenant(at, name))
        found = client.model(model.read_bytes()), client.images(photos)
        yield client, dict(zip(("model", "images"), (answer.json()["id"] for answer in found), strict=True))


class Flood:
    """Submissions one after the other from several threads, each another plan, until it is stopped."""

    def __init__(self, at: Installation, headers: Any, ids: dict[str, str]) -> None:
        self._at, self._headers, self._ids = at, headers, ids
        self.answers: Counter[tuple[int, str, bool]] = Counter()
        self.jobs: list[dict[str, Any]] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(i,)) for i in range(SENDERS)]

    def __enter__(self) -> "Flood":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _send(self, number: int) -> None:
        seed = number
        with httpx.Client(base_url=self._at.url, headers=self._headers, timeout=90) as client:
            while not self._stop.wait(0.05):
                seed += SENDERS
                answer = client.post("/v1/validations", json={**BRIEF, **self._ids, "seed": seed})
                found = answer.json()
                self.answers[answer.status_code, found.get("code", ""), "retry-after" in answer.headers] += 1
                if answer.status_code == 202:
                    self.jobs.append(found)


def test_a_flood_is_the_flooders_own_trouble(keyed: Installation, model: Path, photos: list[Path]) -> None:
    """429 with Retry-After for whoever has its share; the other tenant's validation is taken at once, waits for no more
    than that share, and what is sent after it does not overtake it. Nothing that was accepted is lost."""
    with (
        talking(keyed, "loud", model, photos) as (loud, loud_ids),
        talking(keyed, "quiet", model, photos) as (quiet, quiet_ids),
        Flood(keyed, loud.headers, loud_ids) as flood,
    ):
        # Once the flooder has its share, and one of it has ended, so that the flood goes on taking what gets free.
        first = loud.ended(wait_for_first(flood))
        assert first["state"] == "succeeded"
        asked = quiet.post("/v1/validations", json={**BRIEF, **quiet_ids})
        assert asked.status_code == 202, asked.text
        mine = quiet.ended(asked.json()["id"])
        assert mine["state"] == "succeeded"
        flood.stop()
        before = {job["id"] for job in flood.jobs if job["create_time"] <= mine["create_time"]}
        theirs = [loud.job(job["id"]) for job in flood.jobs]
        overtaken = [
            job for job in theirs if job["id"] not in before and (job["start_time"] or "9") < mine["start_time"]
        ]
        waited_for = [job for job in theirs if job["id"] in before and (job["end_time"] or "9") > mine["create_time"]]
        assert overtaken == []
        assert len(waited_for) <= MOST
        assert set(flood.answers) == {(202, "", True), (429, "QUOTA_EXCEEDED", True)}
        assert flood.answers[429, "QUOTA_EXCEEDED", True] > 20
        assert {loud.ended(job["id"])["state"] for job in flood.jobs} == {"succeeded"}


def wait_for_first(flood: Flood) -> str:
    """The id of the flood's first accepted validation."""
    wait_until(lambda: len(flood.jobs) >= MOST)
    return str(flood.jobs[0]["id"])
