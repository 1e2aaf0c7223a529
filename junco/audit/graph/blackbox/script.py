"""A TorchScript program as a black box: run as it is, its own tensors drawn in place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod

import torch
from torch import Tensor, nn

from junco.audit.graph.blackbox import readers
from junco.audit.graph.blackbox.cascade import Read, Reader
from junco.audit.graph.blackbox.holder import Holder
from junco.audit.graph.blackbox.parts import Part, Role, Weight
from junco.audit.graph.nodes import nodes
from junco.audit.graph.original import Original
from junco.audit.graph.retrace import place

Value = torch._C.Value
Node = torch._C.Node


class ScriptBox(Holder):
    """Maps [n, C, H, W] to the program's answer; its parameters are the program's own memory."""

    def __init__(self, original: Original, read: Read) -> None:
        super().__init__()
        self.junco_original = original
        self.hold(read)

    def forward(self, x: Tensor) -> Tensor:
        """Class scores of ``x``, computed by TorchScript itself."""
        with torch.no_grad():
            return self.junco_original(x)


def read_script(script: torch.jit.ScriptModule) -> Read:
    """Who reads which tensors of the program: its parameters, or constants where freezing has made them that."""
    walk = _Walk(script, dict(script.named_parameters(remove_duplicate=False)))
    for node in nodes(script.inlined_graph):
        walk.node(node)
    seen = {w.name for reader in walk.found for w in reader.weights} | set(walk.statistics)
    known = {place(walk.parameters[name]) for name in seen if name in walk.parameters}
    unseen = {name: readers.UNSEEN for name, tensor in walk.parameters.items() if place(tensor) not in known}
    missed = walk.missed | {name: walk.parameters[name] for name in unseen}
    return Read(tuple(walk.found), walk.statistics, {**walk.left_out, **unseen}, missed)


@dataclass(frozen=True)
class _Source:
    """A stored tensor behind a value, and whether it was transposed on the way."""

    name: str
    tensor: Tensor
    turned: bool = False


@dataclass
class _Walk:
    script: nn.Module
    parameters: Mapping[str, Tensor]
    found: list[Reader] = field(default_factory=list)
    statistics: dict[str, Tensor] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    missed: dict[str, Tensor] = field(default_factory=dict)
    constants: dict[object, str] = field(default_factory=dict)
    sources: dict[str, tuple[_Source, ...] | None] = field(default_factory=dict)

    def node(self, node: Node) -> None:
        """Note what a node reads that no image went into; a node that no image goes into is read by another."""
        behind = [self.behind(value) for value in node.inputs()]
        if all(sources is not None for sources in behind):
            return
        kind = node.kind().removeprefix("aten::").removesuffix("_")
        weights = []
        for position, sources in enumerate(behind):
            for source in sources or ():
                part = self.part(kind, position, source)
                if part is not None:
                    weights.append(Weight(source.name, source.tensor, part))
        if weights:
            self.found.append(Reader(kind, tuple(weights), follows=kind in _NORMS))

    def part(self, kind: str, position: int, source: _Source) -> Part | None:
        """What the tensor does there; None if it is nothing to draw, which is then noted."""
        tensor, name = source.tensor, source.name
        if kind in _NORMS and position in _NORMS[kind].statistics:
            self.statistics[name] = tensor
            return None
        part = _part(kind, position, source)
        if name in self.parameters:
            return part if tensor.is_floating_point() else None
        if name in self.left_out or not readers.is_weight(tensor):
            return None
        frozen = name in self.constants.values()
        if frozen and (self.found or part.role is not Role.RAW):
            return part
        self.left_out[name], self.missed[name] = readers.EARLY if frozen else readers.BUFFER, tensor
        return None

    def behind(self, value: Value) -> tuple[_Source, ...] | None:
        """Stored tensors that a value is made of; None if an image, or anything at run time, goes into it."""
        name = value.debugName()
        if name not in self.sources:
            self.sources[name] = self._behind(value)
        return self.sources[name]

    def _behind(self, value: Value) -> tuple[_Source, ...] | None:
        node = value.node()
        if node.kind() == "prim::GetAttr":
            return self._attribute(value)
        if node.kind() == "prim::Constant":
            return self._constant(value)
        if node.kind() == "prim::Param" or list(node.blocks()):
            return None
        parts = [self.behind(part) for part in node.inputs()]
        if any(part is None for part in parts):
            return None
        turned = node.kind() in ("aten::t", "aten::transpose", "aten::numpy_T")
        flat = [source for part in parts for source in part or ()]
        return tuple(_Source(s.name, s.tensor, s.turned is not turned) for s in flat)

    def _attribute(self, value: Value) -> tuple[_Source, ...]:
        path: list[str] = []
        while value.node().kind() == "prim::GetAttr":
            path.append(value.node().s("name"))
            value = value.node().input()
        held: object = self.script
        for part in reversed(path):
            held = getattr(held, part, None)
        return (self._own(".".join(reversed(path)), held),) if isinstance(held, Tensor) else ()

    def _own(self, name: str, tensor: Tensor) -> _Source:
        """A tensor of several names goes by the first of them."""
        first = next((other for other, held in self.parameters.items() if place(held) == place(tensor)), name)
        return _Source(first, tensor)

    def _constant(self, value: Value) -> tuple[_Source, ...]:
        held = value.toIValue()
        if not isinstance(held, Tensor):
            return ()
        name = self.constants.setdefault(place(held), f"constant_{len(self.constants) + 1}")
        return (_Source(name, held),)


@dataclass(frozen=True)
class _Norm:
    scale: int
    offset: int
    statistics: tuple[int, ...] = ()


_NORMS: Mapping[str, _Norm] = {
    "batch_norm": _Norm(1, 2, (3, 4)),
    "instance_norm": _Norm(1, 2, (3, 4)),
    "layer_norm": _Norm(2, 3),
    "group_norm": _Norm(2, 3),
    "prelu": _Norm(-1, -1),
}
_LAYERS = {"linear", "bilinear", "_convolution", "convolution"} | {
    f"conv{turned}{d}d" for turned in ("", "_transpose") for d in (1, 2, 3)
}
_RECURRENT = {"lstm", "gru", "rnn_tanh", "rnn_relu"}
_PRODUCTS = {"matmul": (0, 1), "mm": (0, 1), "bmm": (0, 1), "addmm": (1, 2), "baddbmm": (1, 2)}


def _part(kind: str, position: int, source: _Source) -> Part:
    tensor = source.tensor
    if kind in _NORMS:
        roles = {_NORMS[kind].scale: Role.SCALE, _NORMS[kind].offset: Role.OFFSET}
        return Part(roles.get(position, Role.RAW))
    if kind in _LAYERS or kind in _RECURRENT:
        return Part(Role.WEIGHT, prod(tensor.shape[1:])) if tensor.dim() > 1 else Part(Role.OFFSET)
    if kind in _PRODUCTS:
        if position not in _PRODUCTS[kind]:
            return Part(Role.OFFSET)
        left = position == _PRODUCTS[kind][0]
        return Part(Role.WEIGHT, readers.product_fan_in(tensor, left=left, turned=source.turned))
    return Part(Role.RAW)
