"""Faults while bytes arrive: rows 10, 11, 13, 24, 25 and 26 of the fault table."""

import io
import os
import subprocess
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.processes import Installation, installation, wait_until
from tests.e2e.talk import BRIEF, Talk, named
from tests.faults.conftest import accepted, as_root, begun_upload, spooled

pytestmark = pytest.mark.e2e
HURRIED = {"body_grace_seconds": 1, "body_bytes_per_second": 1000, "tick_seconds": 0.3, "tenant_uploads": 3}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The HTTP process alone."""
    with installation(tmp_path_factory.mktemp("service"), **HURRIED) as made:
        made.service()
        yield made


@pytest.fixture
def talk(service: Installation) -> Iterator[Talk]:
    with Talk(service) as client:
        yield client


@pytest.fixture
def head(model: Path) -> bytes:
    """Enough of a model to be taken for one, and more than a chunk, so that it is spooled."""
    return model.read_bytes()[:1000] + bytes(3 << 20)


def uploaded(talk: Talk, data: bytes) -> tuple[int, str]:
    answer = talk.post("/v1/models", content=data, headers={"Content-Type": "application/octet-stream"})
    return answer.status_code, answer.json().get("id", "")


def test_row_24_a_client_that_goes_away_leaves_nothing(service: Installation, talk: Talk, head: bytes) -> None:
    """The spool file is gone and the tenant's place is free: as many as may upload at a time do so afterwards."""
    links = [begun_upload(service, 64 << 20, head) for _ in range(3)]
    wait_until(lambda: len(spooled(service)) == 3)
    for link in links:
        link.close()
    wait_until(lambda: spooled(service) == [])
    again = begun_upload(service, 64 << 20, head)
    wait_until(lambda: len(spooled(service)) == 1)
    again.close()
    wait_until(lambda: spooled(service) == [])
    assert talk.get("/v1/models").json()["models"] == []


def test_row_25_a_dawdling_upload_is_cut_and_others_do_not_notice(service: Installation, talk: Talk) -> None:
    """408 once it is slower than the slowest body that is waited for; polls are answered at once meanwhile."""
    link = begun_upload(service, 1 << 20, b"PK")
    slowest = 0.0
    for _ in range(20):
        began = time.monotonic()
        assert talk.get("/v1/status").status_code == 200
        slowest = max(slowest, time.monotonic() - began)
        time.sleep(0.05)
    assert b" 408 " in link.recv(4096).split(b"\r\n")[0]
    assert slowest < 5
    assert spooled(service) == []


def test_row_26_two_identical_uploads_at_once_are_one_blob(service: Installation, model: Path) -> None:
    """Both are answered with the same id; one of them made it, the other found it."""
    answers: list[tuple[int, str]] = []

    def send() -> None:
        with Talk(service) as client:
            answers.append(uploaded(client, model.read_bytes()))

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({digest for _, digest in answers}) == 1
    assert all(status in (200, 201, 202) for status, _ in answers)
    kept = [path for path in service.home.rglob("sha256/??/*") if path.name in answers[0][1]]
    assert len(kept) == 1


def test_row_11_polls_go_on_after_a_restart(service: Installation, model: Path, photos: list[Path]) -> None:
    """SIGKILL and a new process: the same id, the same state, the same ETag."""
    with Talk(service) as client:
        job_id = accepted(client, BRIEF, model.read_bytes(), photos)
        before = client.get(f"/v1/validations/{job_id}")
    service.processes[-1].kill()
    service.service()
    with Talk(service) as client:
        after = client.get(f"/v1/validations/{job_id}")
    assert (after.status_code, after.json()) == (200, before.json())
    assert after.headers["etag"] == before.headers["etag"]


def test_row_15_a_job_is_canceled_before_any_worker_saw_it(
    service: Installation, talk: Talk, model: Path, photos: list[Path]
) -> None:
    """Canceled at once, and a worker that comes later finds nothing of it to do."""
    job_id = accepted(talk, {**BRIEF, "seed": 15}, model.read_bytes(), photos)
    assert talk.post(f"/v1/validations/{job_id}:cancel").json()["state"] == "canceled"
    wait_until(lambda: talk.get("/v1/status").json()["jobs"].get("canceled") == 1)
    assert talk.job(job_id)["state"] == "canceled"


def test_row_10_an_upload_that_died_with_its_service_is_swept_and_sent_again(
    service: Installation, head: bytes, model: Path, photos: list[Path]
) -> None:
    """No row; the next start removes the file once it is old; the same Idempotency-Key makes one job."""
    link = begun_upload(service, 64 << 20, head)
    wait_until(lambda: len(spooled(service)) == 1)
    service.processes[-1].kill()
    link.close()
    (left,) = spooled(service)
    two_days_ago = time.time() - 2 * 86400
    os.utime(left, (two_days_ago, two_days_ago))
    service.service()
    assert spooled(service) == []
    files = [("model", ("m.pt", model.read_bytes())), *named(photos, "images")]
    with Talk(service) as client:
        sent = [
            client.post(
                "/v1/validations", files=files, params={"input_shape": "1x28x28"}, headers={"Idempotency-Key": "k"}
            )
            for _ in range(2)
        ]
    assert len({answer.json()["id"] for answer in sent}) == 1
    assert sent[1].headers["idempotent-replayed"] == "true"


@pytest.mark.skipif(not as_root(), reason="mounting a small file system needs root")
def test_row_13_a_full_disk_refuses_uploads_and_nothing_else(tmp_path: Path, model: Path, photos: list[Path]) -> None:
    """507 and no partial file; reads, cancels and small requests work; with room again, so do uploads."""
    home = tmp_path / "home"
    home.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(home)], check=True)
    try:
        with installation(tmp_path, spare_bytes=0, tick_seconds=0.3) as made:
            made.service()
            with Talk(made) as client:
                job_id = accepted(client, BRIEF, model.read_bytes(), photos)
                (home / "ballast").write_bytes(bytes(7 << 20))
                status, _ = uploaded(client, padded(model.read_bytes(), 8 << 20))
                assert status == 507
                assert spooled(made) == []
                assert client.job(job_id)["state"] == "queued"
                assert client.post(f"/v1/validations/{job_id}:cancel").json()["state"] == "canceled"
                (home / "ballast").unlink()
                assert uploaded(client, padded(model.read_bytes(), 2 << 20))[0] in (201, 202)
    finally:
        subprocess.run(["umount", "-l", str(home)], check=True)


def padded(data: bytes, size: int) -> bytes:
    """The same model with ``size`` bytes beside it."""
    file = io.BytesIO(data)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("digits/extra/padding.bin", bytes(size))
    return file.getvalue()
