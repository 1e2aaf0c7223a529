import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from junco.contract.access import DEFAULT_TENANT
from junco.storage import Records, StorageSettings, open_glance, open_records
from tests.storage.samples import request
from tests.storage.steps import inspect


@pytest.fixture
def settings(tmp_path: Path) -> StorageSettings:
    return StorageSettings(home=tmp_path)


def test_a_glance_sees_what_the_records_see(records: Records, settings: StorageSettings, model: str) -> None:
    """Every change at once, whichever connection made it; whoever's the job is; nothing where there is no job."""
    assert model
    inspect(records)
    glance = open_glance(settings.database)
    assert glance is not None
    job = records.submit(request())
    assert [glance(asked) for asked in ("unknown", "", f"{job.id}\0")] == [None, None, None]
    assert glance(job.id) == (DEFAULT_TENANT, job.revision)
    with closing(open_records(settings)) as others:
        canceled = others.cancel(job.id)
    assert canceled.revision > job.revision
    assert glance(job.id) == (DEFAULT_TENANT, canceled.revision)
    with records._database.write() as connection:
        connection.execute(text("UPDATE submissions SET tenant = 'lab'"))
    assert glance(job.id) == ("lab", canceled.revision)
    with records._database.write() as connection:
        connection.execute(text("DELETE FROM submissions"))
    assert glance(job.id) == (DEFAULT_TENANT, canceled.revision)
    glance.close()
    with pytest.raises(sqlite3.ProgrammingError):
        glance(job.id)


def test_a_glance_neither_writes_nor_keeps_writers_waiting(records: Records, settings: StorageSettings) -> None:
    """It looks while somebody holds the write lock, and lets go of what it read."""
    glance = open_glance(settings.database)
    assert glance is not None
    with records._database.write() as connection:
        connection.execute(text("DELETE FROM jobs"))
        assert glance("unknown") is None
    with records._database.read() as connection:
        # 0: nobody was in the way of moving the whole log into the file.
        assert connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).scalar() == 0
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        glance._connection.execute("DELETE FROM jobs")
    glance.close()


@pytest.mark.parametrize("url", ["postgresql+pg8000://x@y/z", "sqlite://", "sqlite:///:memory:"])
def test_only_a_file_can_be_glanced_at(url: str) -> None:
    """A server answers over a network, for which no event loop may wait; memory is nobody else's."""
    assert open_glance(url) is None
