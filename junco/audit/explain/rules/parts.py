"""What each node of a canonical graph is to a rule: a layer, a move, a sum, an activation, a gate ...

BatchNorm behind a convolution, and the constant that an input shift leaves there, are one layer with it: what is read
is the graph, the model itself is not touched.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property

from torch import fx, nn

from junco.audit.explain.rules.names import MOVES, SUMS, name_of, turns_first
from junco.audit.explain.rules.roles import (
    BATCH_NORMS,
    GATES,
    LAYERS,
    MAXIMA,
    NORMS,
    OTHERS,
    THROUGH_ZERO,
    Chain,
    Part,
    Role,
    tuple_of,
)


class Anatomy:
    """The parts of one graph."""

    def __init__(self, module: fx.GraphModule) -> None:
        self.module = module
        self.nodes = tuple(module.graph.nodes)
        self.image = next(node for node in self.nodes if node.op == "placeholder")
        (self.answer,) = self.nodes[-1].all_input_nodes

    @cached_property
    def chains(self) -> Mapping[fx.Node, Chain]:
        """Linear layers by their last node."""
        found = (self._chain(node) for node in self.nodes if self._is(node, LAYERS))
        return {chain.last: chain for chain in found}

    @cached_property
    def parts(self) -> Mapping[fx.Node, Part]:
        """Every node's part."""
        inside = {n for c in self.chains.values() for n in (c.layer, c.offset) if n is not None and n is not c.last}
        return {node: self._part(node, inside) for node in self.nodes}

    @cached_property
    def first(self) -> frozenset[fx.Node]:
        """Layers that the image meets first, moves and constants apart."""
        reached: set[fx.Node] = {self.image}
        passing = (Role.MOVE, Role.SCALE, Role.OFFSET)
        for node, part in self.parts.items():
            if part.role in passing and reached.intersection(part.sources):
                reached.add(node)
        return frozenset(last for last, chain in self.chains.items() if chain.layer.args[0] in reached)

    @cached_property
    def turns_first(self) -> bool:
        """Whether some node moves the first axis of what is computed from the image elsewhere, or another before it."""
        return any(turns_first(self.module, node) for node in self.nodes if node in self._depends)

    def reached(self, *, gates: bool = False) -> Iterator[tuple[fx.Node, Part]]:
        """Nodes that a signal from the logits comes to, output first; ``gates``: through gates as well."""
        waiting = {self.answer}
        for node in reversed(self.nodes):
            if node in waiting:
                part = self.parts[node]
                yield node, part
                # A gate's own branch is told after the signal that it gates.
                one = part.role is Role.GATE and not gates
                waiting |= set(part.sources[:1] if one else part.sources)

    def rectified(self, last: fx.Node) -> bool:
        """Whether a ReLU alone reads the layer that ends in ``last``."""
        return len(last.users) == 1 and self.parts[next(iter(last.users))].name in ("ReLU", "relu")

    @cached_property
    def _depends(self) -> frozenset[fx.Node]:
        """Nodes whose value is a tensor computed from the image."""
        found = {self.image}
        for node in self.nodes:
            if found.intersection(node.all_input_nodes) and name_of(self.module, node) not in ("sym_size", "size"):
                found.add(node)
        return frozenset(found)

    def _part(self, node: fx.Node, inside: set[fx.Node]) -> Part:
        if node is self.image:
            return Part(Role.INPUT, "input")
        name, read = name_of(self.module, node), (tuple_of(node) or node).all_input_nodes
        sources = tuple(n for n in read if n in self._depends)
        if node in self.chains:
            return Part(Role.LAYER, name, (self.chains[node].layer.all_input_nodes[0],))
        if node in inside:
            return Part(Role.INSIDE, name, sources)
        if not sources:
            return Part(Role.CONSTANT, name)
        return self._combining(node, name, sources) or Part(self._simple(node, name), name, sources)

    def _simple(self, node: fx.Node, name: str) -> Role:
        whole = tuple_of(node)
        if whole is not None:
            return Role.MOVE if name_of(self.module, whole) in MOVES else Role.UNKNOWN
        if name in MOVES:
            return Role.MOVE if self._pads_with_zero(node, name) else Role.UNKNOWN
        if name in SUMS:
            return Role.SUM
        if name in MAXIMA:
            return Role.MAX
        if name in THROUGH_ZERO | OTHERS:
            return Role.ACTIVATION
        if name == "Subtract" or self._is(node, BATCH_NORMS):
            return Role.OFFSET
        return Role.NORM if self._is(node, NORMS) else Role.UNKNOWN

    def _combining(self, node: fx.Node, name: str, sources: tuple[fx.Node, ...]) -> Part | None:
        two = len(node.args) >= 2 and all(isinstance(a, fx.Node) and a in self._depends for a in node.args[:2])
        if name in ("add", "sub") and node.kwargs.get("alpha", 1) == 1 and len(node.args) == 2:
            return Part(Role.SUM if two else self._constant_side(name, node), name, sources)
        if name == "neg":
            return Part(Role.SCALE, name, sources)
        if name in ("mul", "div") and not two:
            divisor = name == "div" and node.args[0] not in self._depends
            return Part(Role.UNKNOWN if divisor else Role.SCALE, name, sources)
        if name == "mul":
            return self._gated(node, name)
        if name in ("matmul", "bmm") and two and self._gate(node.args[0]):
            return Part(Role.ATTENTION, name, (node.args[1],))  # type: ignore[arg-type]  # two says that it is a node
        if name == "scaled_dot_product_attention":
            return Part(Role.ATTENTION, name, (node.args[2],))  # type: ignore[arg-type]  # torch's signature
        return None

    def _constant_side(self, name: str, node: fx.Node) -> Role:
        return Role.UNKNOWN if name == "sub" and node.args[0] not in self._depends else Role.OFFSET

    def _gated(self, node: fx.Node, name: str) -> Part:
        left, right = node.args[:2]
        assert isinstance(left, fx.Node)
        assert isinstance(right, fx.Node)
        gates = self._gate(left), self._gate(right)
        if gates[0] == gates[1]:
            return Part(Role.PRODUCT, name, (left, right))
        return Part(Role.GATE, name, (right, left) if gates[0] else (left, right))

    def _gate(self, value: object) -> bool:
        """Whether moves apart the value is a sigmoid's or a softmax's: a share between 0 and 1."""
        while isinstance(value, fx.Node):
            name = name_of(self.module, value)
            if name in GATES:
                return True
            if name not in MOVES or not value.all_input_nodes:
                return False
            value = value.all_input_nodes[0]
        return False

    def _chain(self, node: fx.Node) -> Chain:
        offset = self._follower(node, ("Subtract",))
        norm = self._follower(offset or node, tuple(kind.__name__ for kind in BATCH_NORMS))
        return Chain(node, offset, norm)

    def _follower(self, node: fx.Node, kinds: tuple[str, ...]) -> fx.Node | None:
        if len(node.users) != 1:
            return None
        user = next(iter(node.users))
        return user if user.op == "call_module" and name_of(self.module, user) in kinds else None

    def _pads_with_zero(self, node: fx.Node, name: str) -> bool:
        if name == "pad":
            mode = node.args[2] if len(node.args) > 2 else node.kwargs.get("mode", "constant")
            value = node.args[3] if len(node.args) > 3 else node.kwargs.get("value")
            return mode != "constant" or not value
        return name != "constant_pad_nd" or not (node.args[2] if len(node.args) > 2 else node.kwargs.get("value", 0))

    def _is(self, node: fx.Node, kinds: tuple[type[nn.Module], ...]) -> bool:
        return node.op == "call_module" and isinstance(self.module.get_submodule(str(node.target)), kinds)
