"""Run by Alembic: on the connection that it is handed, else on the database that the environment names."""

from alembic import context
from sqlalchemy import Connection

from junco.storage.database import Database
from junco.storage.settings import StorageSettings
from junco.storage.tables import metadata


def _run(connection: Connection) -> None:
    # Batch mode: SQLite can alter little in place.
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


_given = context.config.attributes.get("connection")
if _given is not None:
    _run(_given)
else:
    with Database(StorageSettings().database).write() as _own:
        _run(_own)
