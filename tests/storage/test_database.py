"""A server that hangs: nobody waits for it longer than was said, and what comes late is never taken for an answer."""

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from junco.storage.database import Database
from junco.storage.outages import OUTAGES
from tests.faults import daemons
from tests.faults.daemons import Postgres

SECONDS = 0.5


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with daemons.postgres() as made:
        yield made


@pytest.fixture
def database(postgres: Postgres) -> Iterator[Database]:
    made = Database(postgres.url, seconds=SECONDS)
    yield made
    made.close()


def number(database: Database, n: int) -> int:
    with database.read() as connection:
        return int(connection.scalar(text(f"SELECT {n}")) or 0)


def test_a_stopped_server_is_an_outage_in_time(database: Database, postgres: Postgres) -> None:
    """On a connection that was open, and on a new one; afterwards all is as it was."""
    assert number(database, 1) == 1
    with postgres.paused():
        for _ in range(2):
            began = time.monotonic()
            with pytest.raises(OUTAGES):
                number(database, 2)
            # A bound and its margin, not a race: without one this would hang until the server is woken.
            assert time.monotonic() - began < 10 * SECONDS
    assert number(database, 3) == 3


def test_a_transaction_that_loses_its_server_half_way_is_gone(database: Database, postgres: Postgres) -> None:
    """What it wrote is not there, and its connection, whose answer came too late, is not used again."""
    with database.write() as connection:
        connection.execute(text("CREATE TABLE half (n int)"))
    with pytest.raises(OUTAGES), database.write() as connection:  # noqa: PT012 - it breaks within
        connection.execute(text("INSERT INTO half VALUES (1)"))
        with postgres.paused():
            connection.execute(text("SELECT 7"))
    assert [number(database, n) for n in range(3)] == [0, 1, 2]
    with database.read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM half")) == 0


def test_a_wait_for_a_lock_ends(database: Database) -> None:
    """By the server's own word, so that the statement does not go on after its client has gone."""
    with database.write() as holder:
        database.lock_startup(holder)
        with pytest.raises(DBAPIError) as caught, database.write() as waiter:
            database.lock_startup(waiter)
    assert caught.value.orig is not None
    assert caught.value.orig.args[0]["C"] == "57014"
    with database.write() as next_one:
        database.lock_startup(next_one)


def test_a_pool_without_a_free_connection_is_an_outage(database: Database) -> None:
    """As soon as the bound is over; a connection that comes back is there for the next."""
    held = [database.engine.connect() for _ in range(30)]
    with pytest.raises(OUTAGES):
        number(database, 1)
    held.pop().close()
    assert number(database, 1) == 1
    for connection in held:
        connection.close()


def test_without_a_bound_a_slow_statement_is_waited_for(postgres: Postgres) -> None:
    """As an upgrade needs."""
    patient = Database(postgres.url)
    with patient.read() as connection:
        connection.execute(text(f"SELECT pg_sleep({3 * SECONDS})"))
        assert connection.scalar(text("SHOW statement_timeout")) == "0"
    patient.close()
