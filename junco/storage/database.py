"""The engine, its transactions, and the database's own clock: workers' clocks are never compared."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Double, Engine, create_engine, event, make_url, text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from junco.storage import schema
from junco.storage.outages import connecting, name_silence

_LATER = 1.0
"""Seconds by which the client's patience outlasts the server's."""
_CREATE_LOCK = 0x6A756E636F
"""PostgreSQL advisory lock under which tables are made: the service and the workers may start together."""


class clock(FunctionElement[float]):  # noqa: N801 - an SQL function
    """Seconds since 1970 by the database's clock."""

    type = Double()
    inherit_cache = True


@compiles(clock, "sqlite")
def _sqlite_clock(_element: clock, _compiler: SQLCompiler, **_: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(clock, "postgresql")
def _postgres_clock(_element: clock, _compiler: SQLCompiler, **_: Any) -> str:
    return "CAST(extract(epoch from clock_timestamp()) AS double precision)"


class Database:
    """Transactions on SQLite or PostgreSQL.

    With ``seconds``, no statement on a server, no connecting to it and no turn in the pool takes longer: it raises one
    of ``OUTAGES``. Without, a server that hangs is waited for, as upgrades of large tables need.
    """

    def __init__(self, url: str, *, seconds: float | None = None) -> None:
        self.engine = _engine(url, seconds)
        self._writes = threading.Lock() if self._is_sqlite else None

    @property
    def _is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    def prepare(self, *, upgrade: bool) -> str | None:
        """Make the tables where there are none; with ``upgrade``, bring old ones to the newest revision.

        The revision that was found. Raises ``SchemaMismatch`` for tables that are newer, or old without ``upgrade``.
        """
        with self.read() as connection:
            found = schema.revision(connection)
        if found == schema.revisions()[-1]:
            return found
        with self._unchecked(), self.write() as connection:
            self.lock_startup(connection)
            found = schema.revision(connection)
            schema.refuse_newer(found)
            if found is not None and found != schema.revisions()[-1] and not upgrade:
                raise schema.outdated(found)
            if found != schema.revisions()[-1]:
                schema.upgrade(connection, found)
        return found

    def lock_startup(self, connection: Connection) -> None:
        """One process at a time does what is done once, until the transaction ends. SQLite has one writer anyway."""
        if not self._is_sqlite:
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_CREATE_LOCK})"))

    @contextmanager
    def _unchecked(self) -> Iterator[None]:
        # Where SQLite cannot alter a table Alembic copies it and drops the old one, which would cascade to all rows
        # that refer to it. The pragma does nothing inside a transaction, hence before; the new connections have it off.
        if not self._is_sqlite:
            yield
            return
        event.listen(self.engine, "checkout", _foreign_keys_off)
        try:
            yield
        finally:
            event.remove(self.engine, "checkout", _foreign_keys_off)
            self.engine.dispose()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent look."""
        with self._connected() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """All of the block, or nothing. SQLite takes its write lock at once: no upgrade can fail half-way.

        On PostgreSQL transactions lock in one order, so that none waits for another in a circle: bytes
        (``lock_digest``), models by their digests, image set, tenant, job, work.
        """
        with self._queue(), self._connected() as plain:
            connection = plain.execution_options(junco_writes=True)
            with connection.begin():
                yield connection

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        with connecting():
            connection = self.engine.connect()
        with connection:
            yield connection

    @contextmanager
    def _queue(self) -> Iterator[None]:
        # Threads of one process queue fairly here; SQLite's busy handler, which sleeps, is left for other processes.
        if self._writes is None:
            yield
        else:
            with self._writes:
                yield

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _engine(url: str, seconds: float | None) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        bounds = {} if seconds is None else _bounds(seconds)
        server = create_engine(parsed, pool_pre_ping=True, pool_size=10, max_overflow=20, **bounds)
        event.listen(server, "handle_error", name_silence)
        return server
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, connect_args={"timeout": 30.0}, pool_size=10, max_overflow=30)
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


def _bounds(seconds: float) -> dict[str, Any]:
    # The server ends what takes too long, a wait for a lock included, and says so; the socket gives up a little later,
    # on a server that is stopped or a network that swallows: the kernel there may acknowledge for hours.
    on_server = {"statement_timeout": f"{seconds * 1000:.0f}"}
    return {"pool_timeout": seconds, "connect_args": {"timeout": seconds + _LATER, "startup_params": on_server}}


def _configure(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are begun by _begin alone
    for pragma in ("busy_timeout=30000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _foreign_keys_off(connection: Any, _record: Any, _proxy: Any) -> None:
    connection.execute("PRAGMA foreign_keys=OFF")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("junco_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN DEFERRED")
