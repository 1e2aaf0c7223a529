"""What passes through a graph: shape and type at every node, seen on one example."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx


@dataclass(frozen=True)
class Seen:
    """Shape and type of one node's output."""

    shape: tuple[int, ...]
    dtype: torch.dtype

    @property
    def spatial(self) -> tuple[int, int] | None:
        """Height and width of a batch of feature maps with more than one place; None for anything else."""
        if len(self.shape) != 4 or not self.dtype.is_floating_point or self.shape[2] * self.shape[3] <= 1:
            return None
        return self.shape[2], self.shape[3]


class _Watch(fx.Interpreter):
    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self.seen: dict[fx.Node, Seen] = {}

    def run_node(self, n: fx.Node) -> Any:
        value = super().run_node(n)
        if isinstance(value, Tensor):
            self.seen[n] = Seen(tuple(value.shape), value.dtype)
        return value


def observed(module: fx.GraphModule, x: Tensor) -> Mapping[fx.Node, Seen]:
    """Every node of ``module.graph`` that gives a tensor, in execution order, with what it gave for ``x``."""
    watch = _Watch(module)
    with torch.no_grad():
        watch.run(x)
    return watch.seen
