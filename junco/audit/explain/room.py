"""How many images fit in one pass, learned by running out of memory."""

import gc
from collections.abc import Callable
from typing import TypeVar

import torch

from junco.audit.graph.memory import starved
from junco.contract.errors import MemoryExceeded

T = TypeVar("T")


class Room:
    """A bound on the images in one pass, shared by all passes of a job: what failed once is not tried again.

    Halving is the only direction: memory that others hold for now would make growing a gamble in every pass.
    """

    def __init__(self, rows: int) -> None:
        self.rows = max(1, rows)

    def each(self, count: int, work: Callable[[int, int], T], *, least: int = 1) -> list[T]:
        """``work(start, stop)`` over 0..count in parts that fit, in order.

        ``least`` images go together whatever happens. Raises MemoryExceeded when even they do not fit.
        """
        parts: list[T] = []
        done = 0
        while done < count:
            stop = min(count, done + self.rows)
            part = self._tried(lambda start=done, stop=stop: work(start, stop), stop - done, least)  # type: ignore[misc]  # mypy cannot infer lambdas with defaults
            if part:
                parts += part
                done = stop
        return parts

    def _tried(self, work: Callable[[], T], size: int, least: int) -> list[T]:
        try:
            return [work()]
        except Exception as error:
            if not starved(error):
                raise
            if size <= least:
                raise MemoryExceeded(
                    f"A pass of {size} images does not fit into memory.",
                    expected="memory for the activations of at least one pass",
                    found=str(error).strip().splitlines()[0][:200],
                    remedy="use a machine with more memory, smaller images or a smaller model",
                ) from error
        # Outside the handler, whose traceback would keep the tensors of the failed pass alive.
        self.rows = max(least, (size + 1) // 2)
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return []
