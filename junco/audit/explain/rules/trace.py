"""One forward pass cut at every node, so that any rule can be applied on the way back, node by node."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, fx

from junco.audit.explain.rules.parts import Anatomy
from junco.audit.explain.rules.roles import tuple_of

Back = Callable[[fx.Node, Tensor], Sequence[Tensor]]
"""A rule: what a signal at a node's output becomes at each of the node's sources."""

Way = Callable[["Trace", Tensor], Tensor]
"""A method's whole way back, to the image or to the layer it reads, from its starts for all classes mixed with weights
[n, classes]: from 1 at the target and 0 elsewhere comes its map."""

Watch = Callable[[fx.Node, Tensor], None]
"""Sees the signal that arrives at each node's output on the way back."""


class Trace(fx.Interpreter):
    """What every node answered for a batch, each with a graph of its own that ends at the node's inputs.

    ``memo`` is where rules keep what several of them share.
    """

    def __init__(self, anatomy: Anatomy, x: Tensor) -> None:
        super().__init__(anatomy.module, garbage_collect_values=False)
        self.anatomy = anatomy
        self.memo: dict[object, Any] = {}
        self.watch: Watch | None = None
        self._values: dict[fx.Node, Any] = {}
        self._local: dict[fx.Node, tuple[dict[fx.Node, Tensor], Any]] = {}
        self.run(x)

    @contextmanager
    def watched(self, watch: Watch) -> Iterator[None]:
        """Shows ``watch`` every signal that is carried back meanwhile."""
        self.watch = watch
        try:
            yield
        finally:
            self.watch = None

    @cached_property
    def images_first(self) -> bool:
        """Whether images lie along the first axis of every value: attention is often written so that they do not."""
        count, parts = len(self.value(self.anatomy.image)), self.anatomy.parts
        values = [self._values[node] for node, part in parts.items() if part.sources]
        lengths = {len(v) if v.dim() else 0 for v in values if isinstance(v, Tensor)}
        return lengths <= {count} and not self.anatomy.turns_first

    def value(self, node: fx.Node) -> Tensor:
        """The node's output, detached."""
        found = self._values[node]
        assert isinstance(found, Tensor)
        return found

    def pull(self, node: fx.Node, signal: Tensor, *sources: fx.Node) -> tuple[Tensor, ...]:
        """The chain rule at one node: the signal at its output times the slope at each of ``sources``.

        A source that is named more than once, as both factors of a square are, has its slope in equal parts.
        """
        leaves, answer = self._local[node]
        wanted = [leaves[source] for source in sources]
        if not answer.requires_grad:
            return tuple(torch.zeros_like(leaf) for leaf in wanted)
        found = torch.autograd.grad(answer, wanted, signal, retain_graph=True, allow_unused=True)
        slopes = [torch.zeros_like(leaf) if g is None else g for leaf, g in zip(wanted, found, strict=True)]
        named = [sources.count(source) for source in sources]
        return tuple(g if times == 1 else g / times for g, times in zip(slopes, named, strict=True))

    def rerun(self, node: fx.Node, other: Mapping[fx.Node, Tensor]) -> Tensor:
        """What the node answers with ``other`` values in place of its inputs."""
        with torch.no_grad():
            answer = self._answer(node, lambda source: other.get(source, self._values[source]))
        assert isinstance(answer, Tensor)
        return answer

    def run_node(self, n: fx.Node) -> Any:
        """As torch.fx, on detached inputs."""
        if n.op in ("placeholder", "get_attr", "output"):
            value = super().run_node(n)
            self._values[n] = value
            return value
        leaves: dict[fx.Node, Tensor] = {}

        def leaf(source: fx.Node) -> Any:
            value = self._values[source]
            if not isinstance(value, Tensor) or not value.is_floating_point():
                return value
            return leaves.setdefault(source, value.detach().requires_grad_())

        with torch.enable_grad():
            answer = self._answer(n, leaf)
        self._local[n] = (leaves, answer)
        self._values[n] = _detached(answer)
        return self._values[n]

    def _answer(self, node: fx.Node, fetch: Callable[[fx.Node], Any]) -> Any:
        whole = tuple_of(node)
        if whole is not None:
            # A piece goes back to what the tuple was made of.
            return self._answer(whole, fetch)[node.args[1]]
        args, kwargs = fx.node.map_arg((node.args, node.kwargs), fetch)
        return getattr(self, node.op)(node.target, args, kwargs)


def _detached(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach()
    return tuple(_detached(part) for part in value) if isinstance(value, tuple | list) else value


LARGE = 1e12
"""Signals that grow with every layer are scaled down beyond this, far from what float32 can hold."""


def walk(trace: Trace, signal: Tensor, back: Back, *, until: fx.Node | None = None, steady: bool = False) -> Tensor:
    """Carry ``signal`` [n, classes] from the logits back to the image, or to the output of ``until``, by ``back``.

    Zero where no signal arrives. ``steady``: each image's signals are scaled down together where one grows LARGE (all
    images' where they do not lie apart), so that its map is known up to a positive factor.
    """
    parts, goal = trace.anatomy.parts, until or trace.anatomy.image
    waiting = {trace.anatomy.answer: signal}
    for node in reversed(trace.anatomy.nodes):
        if node is goal:
            break
        here = waiting.pop(node, None)
        if here is None or not parts[node].sources:
            continue
        if steady:
            here = _steadied(here, waiting, apart=trace.images_first)
        if trace.watch is not None:
            trace.watch(node, here)
        for source, piece in zip(parts[node].sources, back(node, here), strict=False):
            waiting[source] = waiting[source] + piece if source in waiting else piece
    return waiting[goal] if goal in waiting else torch.zeros_like(trace.value(goal))


def _steadied(here: Tensor, waiting: dict[fx.Node, Tensor], *, apart: bool) -> Tensor:
    size = here.abs().flatten(1).amax(1) if apart else here.abs().max()[None]
    factor = torch.where(size > LARGE, 1 / size, 1)
    for node, signal in waiting.items():
        waiting[node] = _times(signal, factor)
    return _times(here, factor)


def _times(signal: Tensor, factor: Tensor) -> Tensor:
    return signal * factor.view(-1, *[1] * (signal.dim() - 1))
