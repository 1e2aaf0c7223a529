"""A database that is down, restarting or too busy is an outage, which passes, and not an unexpected error."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from junco.contract.errors import Unavailable
from junco.storage.outages import OUTAGES

_PASSING = ("08", "40", "53", "57")
"""SQLSTATE classes that pass: connections, lost races (deadlocks), lacking resources, an operator's stop or a bound."""


def is_outage(error: Exception) -> bool:
    """Whether the same request may succeed a moment later. A violated constraint, or a wrong statement, is a bug."""
    if isinstance(error, PoolExhausted | OperationalError | InterfaceError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    told = error.orig.args[0] if error.orig is not None and error.orig.args else None
    state = str(told.get("C", "")) if isinstance(told, dict) else ""
    return error.connection_invalidated or state.startswith(_PASSING)


def unavailable() -> Unavailable:
    """What a client is told."""
    return Unavailable(
        "The database does not answer just now.",
        expected="a database in reach",
        found="none",
        remedy="Send the request again in a moment; with an Idempotency-Key it is done once.",
    )


@contextmanager
def outages() -> Iterator[None]:
    """Turns what an outage raises into ``Unavailable``."""
    try:
        yield
    except OUTAGES as error:
        if not is_outage(error):
            raise
        raise unavailable() from error
