"""What tests say to a service, over a socket."""

import json
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.processes import Installation

SHAPE = "1x28x28"
PLAN: dict[str, Any] = {
    "methods": ["gradient", "input_x_gradient", "guided_backprop", "grad_cam"],
    "checks": ["parameter_randomization", "input_shift"],
    "profile": "quick",
}
"""On the digits network: passes, fails and cannot judge, all in one job of a few seconds."""
BRIEF: dict[str, Any] = {"methods": ["gradient"], "checks": ["input_shift"], "profile": "quick"}
"""The smallest job there is."""
LONG: dict[str, Any] = {
    "methods": [{"method": "smoothgrad", "parameters": {"samples": 300}}],
    "checks": ["parameter_randomization"],
    "profile": "quick",
}
"""A job of minutes, to be ended by other means."""
Files = list[tuple[str, tuple[str, bytes]]]


class Talk(httpx.Client):
    """A client of one installation."""

    def __init__(self, at: Installation) -> None:
        super().__init__(base_url=at.url, timeout=90)

    def model(self, data: bytes, shape: str = SHAPE) -> httpx.Response:
        """Uploads and waits for the inspection."""
        headers = {"Content-Type": "application/octet-stream"}
        params = {"input_shape": shape, "wait": "60", "name": "model.pt"}
        return self.post("/v1/models", content=data, headers=headers, params=params)

    def images(self, files: Sequence[Path]) -> httpx.Response:
        """Uploads image files."""
        return self.post("/v1/image-sets", files=named(files))

    def submitted(self, plan: dict[str, Any], model: bytes, images: Sequence[Path]) -> str:
        """Uploads what a plan is about and submits it; the validation's id."""
        ids = {"model": self.model(model).json()["id"], "images": self.images(images).json()["id"]}
        answer = self.post("/v1/validations", json={**plan, **ids}, params={"force": "true"})
        assert answer.status_code == 202, answer.text
        assert answer.headers["location"] == f"/v1/validations/{answer.json()['id']}"
        return str(answer.json()["id"])

    def job(self, job_id: str) -> dict[str, Any]:
        """The validation as it stands; it is always there."""
        answer = self.get(f"/v1/validations/{job_id}")
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        return found

    def ended(self, job_id: str, seconds: float = 400) -> dict[str, Any]:
        """The validation once it has ended."""
        end = time.monotonic() + seconds
        while True:
            job: dict[str, Any] = self.get(f"/v1/validations/{job_id}", params={"wait": "5"}).json()
            if job["state"] in ("succeeded", "failed", "canceled", "expired"):
                return job
            assert time.monotonic() < end, f"still {job['state']}: {job['progress']}"

    def outcome(self, job_id: str) -> dict[str, Any]:
        """The result but for its provenance, which tells durations and may differ."""
        return identity(self.get(f"/v1/validations/{job_id}/result").text)


def named(files: Sequence[Path], field: str = "files") -> Files:
    """Files as a form's fields."""
    return [(field, (path.name, path.read_bytes())) for path in files]


def identity(text: str) -> dict[str, Any]:
    """An outcome without its provenance."""
    found: dict[str, Any] = json.loads(text)
    assert found.pop("provenance")["versions"]["junco"]
    return found


def stored(at: Installation) -> dict[str, object]:
    """Everything that an embedded installation keeps: rows in each table, blobs, uploads in flight."""
    with sqlite3.connect(at.home / "junco.sqlite3") as database:
        tables = ("models", "image_sets", "jobs", "work", "artifacts", "outbox")
        rows = {name: database.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}
    database.close()
    files = sorted(
        path.name for folder in ("blobs", "spool") for path in (at.home / folder).rglob("*") if path.is_file()
    )
    return {**rows, "files": files}
