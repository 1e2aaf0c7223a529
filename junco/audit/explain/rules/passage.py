"""From a pass to maps: traces of its images, shared by all methods that go back through them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from junco.audit.explain.backward import chunks
from junco.audit.explain.passes import Pass
from junco.audit.explain.rules.parts import Anatomy
from junco.audit.explain.rules.trace import Trace
from junco.contract.catalogue import RelevanceParameters

Carry = Callable[["Traced"], Tensor]


@dataclass(frozen=True)
class Traced:
    """Some images of a pass traced together, in the batch size that the graph takes: the first ``size`` count."""

    trace: Trace
    targets: Tensor
    size: int

    @property
    def chosen(self) -> Tensor:
        """1 at each image's target, else 0, [n, classes]."""
        logits = self.trace.value(self.trace.anatomy.answer)
        return torch.zeros_like(logits).scatter_(1, self.targets[:, None], 1)

    @property
    def logit(self) -> Tensor:
        """The target's logit at its place, else 0, [n, classes]."""
        return self.chosen * self.trace.value(self.trace.anatomy.answer)

    def started(self, parameters: RelevanceParameters) -> Tensor:
        """Relevance at the logits, [n, classes]."""
        return self.logit if parameters.start == "logit" else self.chosen


def carried(run: Pass, carry: Carry) -> Tensor:
    """What ``carry`` makes of each part of the pass's images, one after the other."""

    def part(start: int, stop: int) -> Tensor:
        return torch.cat([carry(traced)[: traced.size] for traced in _traced(run, start, stop)])

    return torch.cat(run.in_parts(part))


def traced(run: Pass, x: Tensor, targets: Tensor) -> Iterator[Traced]:
    """Traces of images that are not the pass's own, not kept."""
    anatomy = Anatomy(run.model.graph_module)
    for rows, classes, size in chunks(run.model, x, targets):
        yield Traced(Trace(anatomy, rows), classes, size)


def _traced(run: Pass, start: int, stop: int) -> list[Traced]:
    key = ("traced", start, stop)
    if key not in run.memo:
        # Parts of another size did not fit into memory: let go of what is left of them.
        for old in [k for k in run.memo if _overlaps(k, start, stop)]:
            del run.memo[old]
        run.memo[key] = list(traced(run, run.x[start:stop], run.batch.targets[start:stop]))
    found: list[Traced] = run.memo[key]
    return found


def _overlaps(key: object, start: int, stop: int) -> bool:
    if not isinstance(key, tuple) or key[0] != "traced":
        return False
    return bool(key[1] < stop and start < key[2])
