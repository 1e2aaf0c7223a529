"""Token buckets: so many at once, so many a second, one bucket a name. Each process counts for itself."""

import time
from collections import OrderedDict
from collections.abc import Callable

_MOST = 10_000
"""Buckets kept; the ones unused for longest go first, and they are the fullest."""


class Buckets:
    """``take`` answers 0.0, or the seconds until it may be asked again."""

    def __init__(self, *, rate: float, burst: float, now: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._now = rate, burst, now
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, name: str) -> float:
        """Seconds until there is a token, which is not taken; 0.0 if there is one."""
        return max(0.0, (1.0 - self._level(name)) / self._rate)

    def take(self, name: str) -> float:
        """Take a token, or say how many seconds to wait for one."""
        level = self._level(name)
        short = max(0.0, (1.0 - level) / self._rate)
        self._levels[name] = (level if short else level - 1.0, self._now())
        self._levels.move_to_end(name)
        if len(self._levels) > _MOST:
            self._levels.popitem(last=False)
        return short

    def _level(self, name: str) -> float:
        level, since = self._levels.get(name, (self._burst, self._now()))
        return min(self._burst, level + (self._now() - since) * self._rate)
