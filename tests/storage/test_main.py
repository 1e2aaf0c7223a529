"""``python -m junco.storage``, which ``junco migrate`` becomes."""

from pathlib import Path

import pytest

from junco.storage import schema
from junco.storage.__main__ import main
from junco.storage.database import Database
from tests.storage.test_schema import first_tables


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose tables are of the first version."""
    monkeypatch.setenv("JUNCO_HOME", str(tmp_path))
    database = Database(f"sqlite:///{tmp_path / 'junco.sqlite3'}")
    first_tables(database)
    database.close()
    return tmp_path


def test_old_tables_are_found_upgraded_and_left_alone(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The check fails before, changes nothing, and passes after; what was done is said with both revisions."""
    newest = schema.revisions()[-1]
    assert main(["--check"]) == 69
    assert main(["--check"]) == 69
    assert main([]) == 0
    assert main(["--check"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == said[1] == f"the tables are at 0001, this version's are at {newest}"
    assert said[2] == f"the tables were at 0001 and are at {newest}"


def test_newer_tables_are_refused_with_what_to_do(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit status says that nothing was done."""
    main([])
    database = Database(f"sqlite:///{old / 'junco.sqlite3'}")
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    assert main([]) == 69
    assert "newer version" in capsys.readouterr().out
