"""Locks are taken in one order on a real PostgreSQL: transactions wait for each other, and never in a circle."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select, text

from junco.storage import Blobs, Inspected, Records, StorageSettings, Upload, open_blobs, open_records
from junco.storage.access_tables import holdings, tenants
from junco.storage.quotas import add_tenant
from tests.storage.samples import MODEL, images, report, request
from tests.storage.steps import take

TENANT = "default"
Act = Callable[[Records, Blobs], object]


@pytest.fixture
def settings(empty_postgres: str, tmp_path: Path) -> StorageSettings:
    """Quotas are on: only then does anybody lock a tenant."""
    return StorageSettings(home=tmp_path, database_url=empty_postgres, tenant_bytes=10**9, tenant_jobs=10)


@pytest.fixture
def blobs(settings: StorageSettings) -> Blobs:
    return open_blobs(settings)


@pytest.fixture
def records(settings: StorageSettings, blobs: Blobs) -> Iterator[Records]:
    """With one inspected model and one image set."""
    found = open_records(settings)
    digest, size = blobs.put_stream([b"model"])
    found.add_model(Upload(digest, size, "model"), blobs)
    found.add_images(images())
    assert found.complete(take(found), Inspected(report(MODEL)))
    yield found
    found.close()


def submit(records: Records, _: Blobs) -> object:
    return records.submit(request())


def upload_model(records: Records, blobs: Blobs) -> object:
    return records.add_model(Upload(MODEL, 5, "model"), blobs)


def upload_images(records: Records, _: Blobs) -> object:
    return records.add_images(images(), size=7)


def waiting(connection: Connection, count: int) -> None:
    """Returns once so many wait for a lock."""
    end = time.monotonic() + 10
    asked = text("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted")
    while connection.scalar(asked) != count:
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("upload", [upload_model, upload_images])
def test_an_upload_and_a_submission_of_the_same_bytes_both_end(records: Records, blobs: Blobs, upload: Act) -> None:
    """However they meet at the tenant's quota: the upload came first, and the submission holds what both want."""
    with ThreadPoolExecutor(2) as pool, records._database.read() as watch:
        with records._database.write() as holder:
            add_tenant(holder, TENANT)
            holder.execute(select(tenants.c.id).where(tenants.c.id == TENANT).with_for_update())
            first = pool.submit(upload, records, blobs)
            waiting(watch, 1)
            second = pool.submit(submit, records, blobs)
            waiting(watch, 2)
        first.result(10)
        second.result(10)
    assert len(records.jobs(size=5)) == 1


def test_equal_image_sets_that_arrive_together_are_one(records: Records, settings: StorageSettings) -> None:
    """Without a quota nobody locks the tenant: both are answered, one is new, and it is charged once."""
    free, made = Records(records._database, settings.model_copy(update={"tenant_bytes": None})), images(3)
    with ThreadPoolExecutor(2) as pool, records._database.read() as watch:
        with records._database.write() as holder:
            holder.execute(text("LOCK TABLE image_blobs IN EXCLUSIVE MODE"))  # an insertion stops half-way
            uploads = [pool.submit(free.add_images, made, size=7) for _ in range(2)]
            waiting(watch, 2)
        assert sorted(upload.result(10)[1] for upload in uploads) == [False, True]
    with records._database.read() as connection:
        assert connection.scalar(select(func.sum(holdings.c.size)).where(holdings.c.id == made.id)) == 7
