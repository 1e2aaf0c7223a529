"""The uploaded program itself, run as it was written: what the canonical graph is held against."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from junco.audit.graph.outputs import chosen


@dataclass(frozen=True)
class Original:
    """Maps [n, C, H, W] to the program's own [n, classes] answer, in float32 whatever the program computes in.

    ``batch`` is the only batch size that the program takes, or None; ``rounds`` says that it rounds what passes
    through it to a few bits, ``narrow`` which half type it computes in between, whatever ``dtype`` it takes.
    """

    script: Callable[[Tensor], object]
    dtype: torch.dtype = torch.float32
    output: str | None = None
    batch: int | None = None
    rounds: bool = False
    narrow: torch.dtype | None = None

    def choose(self, answer: object) -> Tensor:
        """The [n, classes] tensor in the program's answer."""
        return chosen(answer, self.output)

    def run(self, x: Tensor) -> Tensor:
        """The program's answer to one batch of a size that it takes; inputs already of its type."""
        return self.choose(self.raw(x))

    def raw(self, x: Tensor) -> object:
        """All that the program answers; it gets a copy, because a program may write into its input."""
        return self.script(x.clone())

    def __call__(self, x: Tensor) -> Tensor:
        if self.batch is None or len(x) == self.batch:
            return self.run(x.to(self.dtype)).to(x.dtype)
        return torch.cat([self._padded(rows) for rows in torch.split(x, self.batch)])[: len(x)]

    def _padded(self, rows: Tensor) -> Tensor:
        assert self.batch is not None
        missing = self.batch - len(rows)
        full = torch.cat([rows, rows[-1:].expand(missing, *rows.shape[1:])]) if missing else rows
        return self.run(full.to(self.dtype)).to(rows.dtype)
