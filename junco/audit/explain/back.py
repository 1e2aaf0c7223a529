"""Any mix of classes, not the target alone, carried back by the methods' rules, and what arrives at each layer."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, fx, nn

from junco.audit.batch import Batch
from junco.audit.explain.explainer import Bound, placed
from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import REGISTRY
from junco.audit.explain.rules.parts import Anatomy
from junco.audit.explain.rules.passage import Traced, traced
from junco.audit.explain.rules.trace import Way
from junco.audit.explanation import Signals
from junco.audit.model import Canonical

PLACES = 1024
"""Places of a layer at which signals are kept: of larger layers evenly spaced ones."""


@dataclass(frozen=True)
class Carrier:
    """The rules of ``methods`` on ``model``; see ``types.Carry``. Methods that go by no rule have no part in it."""

    methods: tuple[Bound, ...]
    model: Canonical
    _kept: dict[Hashable, Any] = field(default_factory=dict)

    def __call__(self, batch: Batch, mixes: Tensor) -> Iterator[tuple[str, Signals]]:
        """Carry ``mixes`` back through the one image of ``batch``; raises ValueError for more than one."""
        if len(batch) != 1:
            raise ValueError(f"signals are carried back through one image at a time, not {len(batch)}")
        run = Pass(self.model, placed(batch, self.model), kept=self._kept)
        (part,) = traced(run, run.x, run.batch.targets)
        for bound in self.methods:
            found = REGISTRY[bound.name].way
            way = found(run, bound.parameters) if found else None
            if way is not None:
                yield bound.label, _signals(part, way, mixes.to(run.x))


def _signals(part: Traced, way: Way, mixes: Tensor) -> Signals:
    anatomy = part.trace.anatomy
    seen: dict[str, list[Tensor]] = {}

    def keep(node: fx.Node, signal: Tensor) -> None:
        chain = anatomy.chains.get(node)
        if chain is not None:
            seen.setdefault(str(chain.layer.target), []).append(_by_place(anatomy, chain.layer, signal[0]))

    with part.trace.watched(keep):
        for weights in mixes:
            way(part.trace, weights.expand(len(part.targets), -1))
    return {layer: torch.stack(signals) for layer, signals in seen.items()}


def _by_place(anatomy: Anatomy, layer: fx.Node, signal: Tensor) -> Tensor:
    """One image's signal at a layer's output as [places, channels]."""
    linear = isinstance(anatomy.module.get_submodule(str(layer.target)), nn.Linear)
    rows = signal.reshape(-1, signal.shape[-1]) if linear else signal.flatten(1).T
    step = -(-len(rows) // PLACES)
    return rows[::step].clone()
