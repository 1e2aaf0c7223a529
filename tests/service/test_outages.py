"""What a real PostgreSQL raises, told apart: passes by itself, or is a bug."""

import threading
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from junco.contract.errors import Unavailable
from junco.storage.database import Database
from junco.storage.outages import OUTAGES
from service import problems
from service.outages import is_outage, outages
from tests.faults import daemons
from tests.faults.daemons import Postgres


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with daemons.postgres() as made:
        yield made


@pytest.fixture
def engine(postgres: Postgres) -> Iterator[Engine]:
    made = create_engine(postgres.url, pool_size=2, max_overflow=0, pool_timeout=0.2)
    with made.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS t"))
        connection.execute(text("CREATE TABLE t (id int PRIMARY KEY, n int)"))
        connection.execute(text("INSERT INTO t VALUES (1, 0), (2, 0)"))
    yield made
    made.dispose()


def raised(act: object) -> SQLAlchemyError:
    with pytest.raises(SQLAlchemyError) as caught:
        act()  # type: ignore[operator]
    return caught.value


def test_a_violated_key_and_a_wrong_statement_are_bugs(engine: Engine) -> None:
    """They would fail again, however often they are sent."""
    for statement in ("INSERT INTO t VALUES (1, 1)", "SELECT * FROM nowhere"):
        with engine.connect() as connection:
            error = raised(lambda: connection.execute(text(statement)))  # noqa: B023 - called at once
        assert not is_outage(error)
        with pytest.raises(DBAPIError), outages():
            raise error


def test_an_exhausted_pool_passes(engine: Engine) -> None:
    """Somebody gives a connection back."""
    with engine.connect(), engine.connect():
        assert is_outage(raised(engine.connect))


def test_a_deadlock_passes(engine: Engine) -> None:
    """The server ends one of two transactions that wait for each other; it may be run again."""
    found: list[SQLAlchemyError] = []
    barrier = threading.Barrier(2)

    def lock(first: int, second: int) -> None:
        try:
            with engine.begin() as connection:
                connection.execute(text("UPDATE t SET n = n + 1 WHERE id = :i"), {"i": first})
                barrier.wait()
                connection.execute(text("UPDATE t SET n = n + 1 WHERE id = :i"), {"i": second})
        except SQLAlchemyError as error:
            found.append(error)

    threads = [threading.Thread(target=lock, args=pair) for pair in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [is_outage(error) for error in found] == [True]


@pytest.mark.parametrize("error", [TimeoutError, ConnectionResetError, FileNotFoundError])
def test_what_did_not_come_from_the_database_is_not_told_as_its_outage(error: type[OSError]) -> None:
    """Neither where outages are told apart nor by the service, to which it is an error that nobody foresaw."""
    with pytest.raises(error), outages():
        raise error
    app = FastAPI()
    problems.install(app)

    @app.get("/broken")
    def broken() -> None:
        raise error("something else is slow")

    answer = TestClient(app, raise_server_exceptions=False).get("/broken")
    assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL")
    assert "database" not in answer.text


def test_a_server_that_is_killed_passes(postgres: Postgres) -> None:
    """On a connection that was open, and on a new one; both are told as unavailable."""
    database = Database(postgres.url, seconds=5.0)
    with pytest.raises(OUTAGES) as broken, database.read() as connection:  # noqa: PT012 - it breaks within
        connection.execute(text("SELECT 1"))
        postgres.kill()
        connection.execute(text("SELECT 1"))
    assert is_outage(broken.value)
    with pytest.raises(Unavailable) as caught, outages(), database.read():
        pass
    assert (caught.value.status, caught.value.detail) == (503, "The database does not answer just now.")
    database.close()
    postgres.start()


def test_a_server_that_is_stopped_passes(postgres: Postgres) -> None:
    """Its connections are open and nobody answers: unavailable once the bound is over, and found again after."""
    bounded = Database(postgres.url, seconds=0.3)
    with bounded.read() as connection:
        connection.execute(text("SELECT 1"))
    with postgres.paused():
        for _ in range(2):
            with pytest.raises(Unavailable), outages(), bounded.read() as connection:
                connection.execute(text("SELECT 1"))
    with bounded.read() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    bounded.close()


def test_a_statement_that_the_server_ended_passes(postgres: Postgres) -> None:
    """It took longer than the bound; a moment later the lock that it waited for may be free."""
    bounded = Database(postgres.url, seconds=0.3)
    with pytest.raises(Unavailable), outages(), bounded.read() as connection:
        connection.execute(text("SELECT pg_sleep(2)"))
    bounded.close()
