"""Measuring on a machine that is never quiet: in turns, so that drift meets all sides, and the median of the turns."""

import functools
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock seconds that one call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def in_turns(works: Mapping[str, Callable[[], float]], *, rounds: int) -> dict[str, float]:
    """Median answer of each of ``works`` over ``rounds``; every other round goes backwards."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds):
        for name in list(works)[:: -1 if number % 2 else 1]:
            found[name].append(works[name]())
    return {name: median(values) for name, values in found.items()}


@dataclass
class Breakdown:
    """Seconds by part; what a part calls of another part counts there only."""

    spent: Counter[str] = field(default_factory=Counter)
    _inner: list[float] = field(default_factory=list)

    def timed(self, part: str, function: Callable[P, R]) -> Callable[P, R]:
        """``function``, its time counted under ``part``."""

        @functools.wraps(function)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
            self._inner.append(0.0)
            started = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                taken = time.perf_counter() - started
                self.spent[part] += taken - self._inner.pop()  # type: ignore[assignment]  # a Counter of seconds
                if self._inner:
                    self._inner[-1] += taken

        return wrapper


@contextmanager
def replaced(owner: Any, name: str, change: Callable[[Any], Any]) -> Iterator[None]:
    """``owner.name`` changed for a while."""
    before = getattr(owner, name)
    setattr(owner, name, change(before))
    try:
        yield
    finally:
        setattr(owner, name, before)
