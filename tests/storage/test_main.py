"""``python -m junco.storage``, which ``junco migrate`` becomes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from junco.contract.errors import BadInput
from junco.storage import schema
from junco.storage.__main__ import main
from junco.storage.database import Database
from junco.storage.settings import StorageSettings, told
from service.settings import ServiceSettings
from tests.storage.test_schema import first_tables
from worker.settings import WorkerSettings


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


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("JUNCO_LEASE_SECONDS", "soon", "JUNCO_LEASE_SECONDS is not valid. Found soon."),
        ("JUNCO_DATABASE_URL", "nonsense", "See JUNCO_DATABASE_URL"),
        ("JUNCO_DATABASE_URL", "sqlite:////proc/nowhere/junco.sqlite3", "Found "),
        ("JUNCO_DATABASE_URL", "postgresql+pg8000://junco:secret@127.0.0.1:9/junco", "127.0.0.1 and port 9"),
    ],
)
def test_what_cannot_be_begun_is_said_in_a_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
    value: str,
    says: str,
) -> None:
    """No traceback, whose exit status would be that of a verdict; and no password."""
    monkeypatch.setenv("JUNCO_HOME", str(tmp_path))
    monkeypatch.setenv(variable, value)
    assert main(["--check"]) == 69
    said = capsys.readouterr().out
    assert says in said
    assert said.count("\n") == 1
    assert "secret" not in said


@pytest.mark.parametrize("kind", [StorageSettings, ServiceSettings, WorkerSettings])
def test_a_setting_that_cannot_be_is_named(monkeypatch: pytest.MonkeyPatch, kind: type[StorageSettings]) -> None:
    """By its variable, with what it has to be; and read where it can be."""
    monkeypatch.setenv("JUNCO_LEASE_SECONDS", "7")
    assert told(kind).lease_seconds == 7
    monkeypatch.setenv("JUNCO_LEASE_SECONDS", "-7")
    with pytest.raises(BadInput, match="JUNCO_LEASE_SECONDS is not valid") as caught:
        told(kind)
    assert (caught.value.expected, caught.value.found) == ("Input should be greater than 0", "-7")


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.parametrize(("module", "code"), [("service", 2), ("worker", 69)])
def test_a_setting_that_cannot_be_ends_a_process_with_its_name(module: str, code: int) -> None:
    """What was expected and what was found beside it."""
    environment = {**os.environ, "JUNCO_LEASE_SECONDS": "soon"}
    ended = subprocess.run(
        [sys.executable, "-m", module], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == code
    assert "JUNCO_LEASE_SECONDS is not valid. " in ended.stderr
    assert "valid number" in ended.stderr
    assert "soon" in ended.stderr
    assert "Traceback" not in ended.stderr
