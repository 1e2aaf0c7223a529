"""What an unreachable database raises."""

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted

# pg8000 lets a reset or silent connection out as it is, unwrapped, if it breaks while an answer is read.
OUTAGES = (DBAPIError, PoolExhausted, ConnectionError, TimeoutError)
"""To be caught by who can wait; among them are bugs, such as a wrong statement."""
