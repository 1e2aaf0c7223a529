"""Which revision the tables are at, and how they come to the newest: Alembic is imported only where there is work."""

import threading
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from junco.contract.errors import SchemaMismatch

_FOLDER = Path(__file__).parent / "migrations"
_BEFORE_REVISIONS = "0001"
"""What a database has whose tables were made before revisions were kept."""
_alembic = threading.Lock()
"""Alembic keeps the migration under way in a module's global, and lanes of one process start together."""


def revisions() -> tuple[str, ...]:
    """Every revision, oldest first, by the files' names."""
    return tuple(sorted(path.name[1:5] for path in (_FOLDER / "versions").glob("r[0-9]*.py")))


def revision(connection: Connection) -> str | None:
    """The tables' revision; None for an empty database."""
    tables = set(inspect(connection).get_table_names())
    found = connection.scalar(text("SELECT version_num FROM alembic_version")) if "alembic_version" in tables else None
    if found is not None:
        return str(found)
    return _BEFORE_REVISIONS if "jobs" in tables else None


def refuse_newer(found: str | None) -> None:
    """Raise ``SchemaMismatch`` for tables that a newer version of Junco has made."""
    known = revisions()
    if found is not None and found not in known:
        raise SchemaMismatch(
            "The database belongs to a newer version of Junco.",
            expected=f"revision {known[-1]} or older",
            found=found,
            remedy="Run the version that upgraded it, or restore the backup from before the upgrade.",
        )


def outdated(found: str) -> SchemaMismatch:
    """The error for tables that somebody has to upgrade."""
    return SchemaMismatch(
        "The database has not been upgraded.",
        expected=f"revision {revisions()[-1]}",
        found=found,
        remedy="Stop the service and the workers, back the database up, run: junco migrate",
    )


def upgrade(connection: Connection, found: str | None) -> None:
    """Bring the tables from ``found`` to the newest revision, in the connection's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    with _alembic:
        if found == _BEFORE_REVISIONS:
            command.stamp(config, found)
        command.upgrade(config, "head")
