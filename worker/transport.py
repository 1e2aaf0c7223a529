"""Celery's way to Redis, but for one thing: a message that nobody can read ends with itself, not with the worker."""

import logging
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis

log = logging.getLogger(__name__)


class _Channel(redis.Channel):
    """Drops what is no JSON or lacks the parts of a message: kombu lets such errors end the process that read it."""

    dropped = 0

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)  # type: ignore[no-untyped-call]  # kombu publishes no types
        except (ValueError, LookupError, TypeError, AttributeError):
            # It is off the queue already. If it was more than noise, its work is a row, and its bell rings again.
            _Channel.dropped += 1
            log.exception("dropped a message that nobody understands, number %d", _Channel.dropped)
            return True


class Tolerant(redis.Transport):
    """Redis, with the channel above."""

    Channel = _Channel


def install() -> None:
    """Makes it what redis:// and rediss:// mean; by the name, since a reconnection asks by the URL's scheme again."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:{Tolerant.__name__}"
