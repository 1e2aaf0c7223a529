"""What an unreachable database raises, and how what its driver lets out unnamed gets a name."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import ExceptionContext
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted

OUTAGES = (DBAPIError, PoolExhausted)
"""To be caught by who can wait; among them are bugs, such as a wrong statement."""

_UNNAMED = (ConnectionError, TimeoutError)
"""pg8000 lets a reset or silent connection out as the system said it, if it breaks while an answer is read."""


def name_silence(context: ExceptionContext) -> None:
    """For ``handle_error``: a connection that broke is the database's, and is not used again. Raises one of
    ``OUTAGES``."""
    error = context.original_exception
    if isinstance(error, _UNNAMED):
        context.is_disconnect = True
        raise _broken(error) from error


@contextmanager
def connecting() -> Iterator[None]:
    """The same for what breaks while a connection is tried or made, of which ``handle_error`` does not hear."""
    try:
        yield
    except _UNNAMED as error:
        raise _broken(error) from error


def _broken(error: Exception) -> OperationalError:
    return OperationalError(None, None, error, connection_invalidated=True)
