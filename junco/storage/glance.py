"""A job's owner and revision at a glance: where the records are a file, on the caller's own thread, in microseconds.

A poll asks for nothing else. Through a pool of connections and a thread, the same look costs fifty times as much.
"""

import sqlite3

from sqlalchemy import bindparam, func, make_url, select
from sqlalchemy.dialects import sqlite

from junco.contract.access import DEFAULT_TENANT
from junco.storage.access_tables import submissions
from junco.storage.tables import jobs

_QUERY = (
    select(func.coalesce(submissions.c.tenant, DEFAULT_TENANT), jobs.c.revision)
    .outerjoin(submissions, submissions.c.job_id == jobs.c.id)
    .where(jobs.c.id == bindparam("job_id"))
)


class Glance:
    """A connection that only reads. To be used by one thread at a time; opened once the tables are there."""

    def __init__(self, file: str) -> None:
        # No patience: readers of a write-ahead log wait for nobody but its recovery, and that belongs on other threads.
        self._connection = sqlite3.connect(file, timeout=0.0, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA query_only=ON")
        # Names instead of places, so that the order in which the compiler binds them does not matter.
        dialect = sqlite.dialect(paramstyle="named")
        compiled = _QUERY.compile(dialect=dialect)
        self._text, self._constants = str(compiled), compiled.params

    def __call__(self, job_id: str) -> tuple[str, int] | None:
        """Whose the job is and its revision, as of now; None if there is none. Raises ``sqlite3.Error``."""
        # All rows, though there is one: only a statement that ran to its end lets go of what it read.
        found = self._connection.execute(self._text, {**self._constants, "job_id": job_id}).fetchall()
        return (found[0][0], found[0][1]) if found else None

    def close(self) -> None:
        """Close the connection; what asks afterwards gets ``sqlite3.ProgrammingError``."""
        self._connection.close()


def open_glance(url: str) -> Glance | None:
    """A glance at the database; None where it is a server, or memory, which no second connection sees."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        return None
    return Glance(str(parsed.database))
