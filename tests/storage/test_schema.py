"""Revisions: what they make, what they carry over, and when a process must not touch the tables."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

from junco.contract.errors import SchemaMismatch
from junco.storage import StorageSettings, open_records, schema
from junco.storage.database import Database
from junco.storage.tables import metadata
from tests.storage.samples import images

SHAPES = ("get_columns", "get_indexes", "get_foreign_keys", "get_pk_constraint", "get_unique_constraints")


@pytest.fixture
def database(settings: StorageSettings) -> Iterator[Database]:
    found = Database(settings.database)
    yield found
    found.close()


def described(engine: Engine) -> dict[str, Any]:
    """Tables by name, each with its columns, indexes and keys; types as the database says them."""
    look = inspect(engine)
    names = sorted(set(look.get_table_names()) - {"alembic_version"})
    return {name: [_sorted(getattr(look, shape)(name)) for shape in SHAPES] for name in names}


def _sorted(found: Any) -> Any:
    if isinstance(found, list):
        return sorted(_plain(entry) for entry in found)
    return _plain(found)


def _plain(entry: dict[str, Any]) -> str:
    # Defaults: create_all takes the tables' own, a revision only those that rows of before need.
    return str(sorted((key, str(value)) for key, value in entry.items() if key not in ("comment", "dialect_options")))


def test_an_empty_database_upgraded_is_what_the_tables_declare(database: Database) -> None:
    """The same columns, indexes and keys as create_all makes, on both databases; Alembic sees no difference either."""
    assert database.prepare(upgrade=False) is None
    upgraded = described(database.engine)
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    with database.write() as connection:
        metadata.drop_all(connection)
        metadata.create_all(connection)
    assert upgraded == described(database.engine)
    assert {"jobs", "work", "outbox", "image_blobs"} <= set(upgraded)


def test_a_second_start_finds_the_newest_revision(database: Database) -> None:
    """And changes nothing."""
    database.prepare(upgrade=False)
    assert database.prepare(upgrade=False) == schema.revisions()[-1]


def test_revisions_are_numbered_without_gaps_and_each_follows_the_one_before() -> None:
    """The last file is the head: a start can tell so without Alembic."""
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    walked = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(walked)) == schema.revisions()
    assert [int(number) for number in schema.revisions()] == list(range(1, len(walked) + 1))


def first_tables(database: Database) -> None:
    """A database as the version before revisions left it, with an image set and a job in it."""
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(text("DROP TABLE alembic_version"))
        values = {"id": images().id, "body": images().model_dump_json()}
        connection.execute(text("INSERT INTO image_sets VALUES (:id, :body, 1.0)"), values)
        columns = "id, state, model, images, request, stage, completed, attempt, create_time, update_time, start_by"
        job = "'j', 'succeeded', 'm', 'i', '{}', 'done', 0, 1, 1.0, 1.0, 1.0"
        connection.execute(text(f"INSERT INTO jobs ({columns}, revision) VALUES ({job}, 4)"))
        work = (
            "id, kind, rank, job_id, model, place, cost, completed, state, attempt, released, max_attempts, not_before"
        )
        piece = "'w', 'shard', 2, 'j', 'm', 0, 5, 5, 'done', 1, 0, 3, 0.0"
        connection.execute(text(f"INSERT INTO work ({work}, create_time) VALUES ({piece}, 1.0)"))
        connection.execute(text("INSERT INTO outbox VALUES ('w', NULL)"))


def test_old_tables_keep_their_rows_and_gain_what_is_new(settings: StorageSettings, database: Database) -> None:
    """An embedded installation upgrades at its start; the new table is filled from the rows that there are."""
    first_tables(database)
    open_records(settings).close()
    with database.read() as connection:
        assert schema.revision(connection) == schema.revisions()[-1]
        assert connection.execute(text("SELECT id, revision, purged FROM jobs")).all() == [("j", 4, None)]
        assert connection.execute(text("SELECT cut, recuts FROM jobs")).all() == [(None, 0)]
        assert connection.execute(text("SELECT work_id, rank, rings FROM outbox")).all() == [("w", 2, 0)]
        blobs = set(connection.scalars(text("SELECT digest FROM image_blobs")))
    assert blobs == {file.blob for file in images().files}


def test_old_tables_of_a_distributed_installation_wait_for_their_operator(
    settings: StorageSettings, database: Database
) -> None:
    """Refused by name at start, and nothing is touched; ``prepare(upgrade=True)`` is what ``junco migrate`` does."""
    distributed = settings.model_copy(update={"broker_url": "redis://nowhere"})
    first_tables(database)
    with pytest.raises(SchemaMismatch) as caught:
        open_records(distributed)
    assert (caught.value.found, "junco migrate" in str(caught.value.remedy)) == ("0001", True)
    with database.read() as connection:
        assert schema.revision(connection) == "0001"
    assert database.prepare(upgrade=True) == "0001"
    open_records(distributed).close()


def test_tables_of_a_newer_version_are_refused(settings: StorageSettings, database: Database) -> None:
    """Whoever asks: an old process must not write to tables that it does not know."""
    database.prepare(upgrade=False)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaMismatch) as caught:
        open_records(settings)
    assert caught.value.found == "9999"


def test_foreign_keys_hold_again_after_an_upgrade(tmp_path: Path) -> None:
    """SQLite checks none while tables are altered, and all afterwards."""
    records = open_records(StorageSettings(home=tmp_path))
    with records._database.write() as connection:
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1
    records.close()
    assert sqlite3.connect(tmp_path / "junco.sqlite3").execute("PRAGMA foreign_key_check").fetchall() == []
