from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import text

from junco.storage import Blobs, Records, StorageSettings, Upload, open_blobs, open_records
from junco.storage.database import Database
from tests.storage import postgres, s3
from tests.storage.samples import images


@pytest.fixture(scope="session")
def servers() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="session")
def postgres_url(servers: ExitStack) -> str:
    return servers.enter_context(postgres.server())


@pytest.fixture(scope="session")
def s3_endpoint(servers: ExitStack) -> str:
    return servers.enter_context(s3.server())


@pytest.fixture
def empty_postgres(postgres_url: str) -> str:
    """The server's URL, with nothing of other tests in it."""
    database = Database(postgres_url)
    with database.write() as connection:
        connection.execute(text("SET client_min_messages = warning"))
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    database.close()
    return postgres_url


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> StorageSettings:
    """Fresh settings for each database; retries come at once."""
    url = request.getfixturevalue("empty_postgres") if request.param == "postgresql" else None
    return StorageSettings(home=tmp_path, database_url=url, retry_seconds=0.0)


@pytest.fixture
def records(settings: StorageSettings) -> Iterator[Records]:
    found = open_records(settings)
    yield found
    found.close()


@pytest.fixture
def blobs(settings: StorageSettings) -> Blobs:
    return open_blobs(settings)


@pytest.fixture
def model(records: Records, blobs: Blobs) -> str:
    """A model that waits for inspection, and the sample images."""
    digest, size = blobs.put_stream([b"model"])
    records.add_model(Upload(digest, size, "model"), blobs)
    records.add_images(images())
    return digest
