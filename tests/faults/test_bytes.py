"""Bytes that go bad, away, or nowhere under a job: rows 14, 28, 29 and 30."""

import resource
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.processes import Installation, installation, wait_until
from tests.e2e.talk import BRIEF, PLAN, Talk
from tests.faults.conftest import HASTY, accepted, spooled
from tests.faults.daemons import Postgres

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
GREEDY = {
    **HASTY,
    "lease_seconds": 60,
    "house_seconds": 0.3,
    "orphan_seconds": 0.5,
    "retention_days": 0.5 / 86400,
    "retry_seconds": 0.5,
}
"""Everything that may go goes at once."""


@pytest.fixture
def hasty(tmp_path: Path) -> Iterator[Installation]:
    with installation(tmp_path, **HASTY, max_attempts=20) as made:
        made.service()
        yield made


def kept(at: Installation, digest: str) -> Path:
    """The file of a blob."""
    (found,) = at.home.rglob("sha256/??/" + digest.removeprefix("sha256:"))
    return found


@pytest.mark.parametrize("row", [28, 29])
def test_rows_28_and_29_bytes_that_are_not_what_was_stored_fail_the_job(
    hasty: Installation, model: Path, photos: list[Path], row: int
) -> None:
    """Damaged or deleted under a queued job: a clear reason and no crash loop; uploading again heals."""
    with Talk(hasty) as client:
        worker = hasty.worker()
        digest = client.model(model.read_bytes()).json()["id"]
        assert worker.stop() == 0
        job_id = accepted(client, BRIEF, model.read_bytes(), photos)
        file = kept(hasty, digest)
        whole = file.read_bytes()
        file.unlink()
        if row == 28:
            file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        hasty.worker()
        job = client.ended(job_id)
        assert (job["state"], job["error"]["code"]) == ("failed", "BLOB_CORRUPT")
        assert len(list(hasty.home.rglob("quarantine/*"))) == (row == 28)
        assert client.ended(accepted(client, BRIEF, model.read_bytes(), photos))["state"] == "succeeded"


def test_row_14_a_disk_that_is_full_costs_attempts_and_not_the_job(
    postgres: Postgres, tmp_path: Path, model: Path, photos: list[Path]
) -> None:
    """No file of the worker's may grow: attempts fail as internal; with room again one succeeds, nothing partial.

    The records are elsewhere: on an SQLite file of the same disk nobody could claim, and the job would just wait.
    """
    with installation(tmp_path, database_url=postgres.url, **HASTY, max_attempts=20) as made, Talk(made) as client:
        made.service()
        worker = made.worker()
        client.model(model.read_bytes())
        resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
        job_id = accepted(client, BRIEF, model.read_bytes(), photos)
        wait_until(lambda: client.job(job_id)["attempt"] > 1)
        assert client.get(f"/v1/validations/{job_id}/artifacts").json()["artifacts"] == []
        resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert client.ended(job_id)["state"] == "succeeded"
        assert spooled(made) == []
        assert worker.popen.poll() is None


def test_row_30_cleaning_up_spares_what_a_job_reads(tmp_path: Path, model: Path, photos: list[Path]) -> None:
    """Rounds of retention under a running job, at bounds that let nothing else live: it succeeds."""
    with installation(tmp_path, **GREEDY) as made:
        made.service()
        with Talk(made) as client:
            made.worker()
            job_id = accepted(client, PLAN, model.read_bytes(), photos)
            job = client.ended(job_id)
            assert (job["state"], job["attempt"]) == ("succeeded", 1)
            time.sleep(2)
            wait_until(lambda: client.get("/v1/models").json()["models"] == [])
            wait_until(lambda: not list(made.home.rglob("sha256/??/*")))
            assert client.job(job_id)["verdict"] == job["verdict"]
