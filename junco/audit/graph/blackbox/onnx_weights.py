"""The weights of an ONNX file by who reads them, and the places in the file where others can be written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import torch
from onnx import GraphProto, ModelProto, NodeProto, TensorProto
from torch import Tensor

from junco.audit.graph.blackbox import readers
from junco.audit.graph.blackbox.cascade import Read, Reader
from junco.audit.graph.blackbox.onnx_roles import ARITHMETIC, LAST_AFFINE, LAYERS, NORMS, Slot, part_of
from junco.audit.graph.blackbox.parts import Part, Role, Weight
from junco.audit.graph.blackbox.unround import unround
from junco.audit.graph.onnx.names import preferred_names, safe_names
from junco.audit.graph.onnx.policy import opset
from junco.audit.graph.onnx.program import read_graph
from junco.audit.graph.onnx.tensors import DTYPES, from_proto


@dataclass(frozen=True)
class Weights:
    """Who reads what in a file, and the messages to write to by the weights' names."""

    read: Read
    protos: Mapping[str, TensorProto]


def weights_of(model: ModelProto) -> Weights:
    """The weights of ``model``, which is edited: rounded weights become floating-point constants, as they can be drawn.

    Weights are found in initializers and ``Constant`` nodes, in branches and loop bodies too, behind what only moves
    or rounds them.
    """
    unround(model.graph)
    slots = _slots(model)
    walk = _Walk(iter(slots))
    walk.graph(model.graph, {})
    missed = {slot.name: slot.tensor for slot in slots if walk.left_out.get(slot.name) == readers.EARLY}
    read = Read(tuple(walk.found), walk.statistics, walk.left_out, missed)
    return Weights(read, {slot.name: slot.proto for slot in slots})


def write(proto: TensorProto, tensor: Tensor) -> None:
    """Put the numbers of ``tensor``, of the type that is there, in place of those in ``proto``."""
    for name in ("float_data", "double_data", "int32_data"):
        proto.ClearField(name)
    proto.raw_data = tensor.detach().contiguous().flatten().view(torch.uint8).numpy().tobytes()


def _constants(graph: GraphProto) -> Iterator[tuple[str, TensorProto]]:
    """Constants of ``graph`` and of the graphs inside it, in the order in which they stand."""
    for tensor in graph.initializer:
        yield tensor.name, tensor
    for node in graph.node:
        held = _value(node)
        if held is not None:
            yield node.output[0], held
            continue
        for inner in _bodies(node):
            yield from _constants(inner)


def _value(node: NodeProto) -> TensorProto | None:
    if node.op_type != "Constant":
        return None
    return next((a.t for a in node.attribute if a.name == "value" and a.HasField("t")), None)


def _bodies(node: NodeProto) -> Iterator[GraphProto]:
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def _slots(model: ModelProto) -> list[Slot]:
    """A slot for every floating-point constant, in the order of ``_constants``, under a name fit for a module."""
    graph = read_graph(model.graph, opset(model))
    better = dict(zip(graph.constants, preferred_names(graph), strict=True))
    found = [(name, proto) for name, proto in _constants(model.graph) if _is_float(proto)]
    names = safe_names(better.get(name, name) for name, _ in found)
    return [Slot(name, from_proto(proto), proto) for name, (_, proto) in zip(names, found, strict=True)]


def _is_float(proto: TensorProto) -> bool:
    kind = DTYPES.get(proto.data_type)
    return kind is not None and kind.is_floating_point


Known = dict[str, tuple[Slot, ...]]
"""Values that no image goes into, and the slots behind them."""


@dataclass
class _Walk:
    """One pass over a model in the order of execution; ``slots`` come in the order of ``_constants``."""

    slots: Iterator[Slot]
    found: list[Reader] = field(default_factory=list)
    statistics: dict[str, Tensor] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    products: dict[str, str] = field(default_factory=dict)

    def graph(self, graph: GraphProto, outer: Known) -> None:
        """Note every reader in ``graph`` and inside it; ``outer`` is known around it."""
        known = dict(outer) | {tensor.name: self._slot(tensor) for tensor in graph.initializer}
        for node in graph.node:
            held = _value(node)
            if held is not None:
                known[node.output[0]] = self._slot(held)
                continue
            self.node(node, known)
            for inner in _bodies(node):
                self.graph(inner, known)

    def _slot(self, proto: TensorProto) -> tuple[Slot, ...]:
        return (next(self.slots),) if _is_float(proto) else ()

    def node(self, node: NodeProto, known: Known) -> None:
        """Note what a node reads that no image went into; what no image goes into at all is read by another."""
        if node.op_type == "Constant" or (node.input and all(name in known for name in node.input if name)):
            turned = node.op_type == "Transpose"
            slots = {slot.name: slot for name in node.input for slot in known.get(name, ())}.values()
            known.update(
                dict.fromkeys(node.output, tuple(replace(slot, turned=slot.turned is not turned) for slot in slots))
            )
            return
        weights = [w for place, name in enumerate(node.input) for w in self._weights(node, place, known.get(name, ()))]
        joins = next((self.products[name] for name in node.input if name in self.products), None)
        joined = joins if node.op_type == "Add" else None
        if weights:
            self.found.append(Reader(node.op_type, tuple(weights), follows=node.op_type in NORMS, joins=joined))
        if weights and node.op_type in LAYERS:
            self.products[node.output[0]] = weights[0].name

    def _weights(self, node: NodeProto, place: int, slots: tuple[Slot, ...]) -> Iterator[Weight]:
        for slot in slots:
            part = self._part(node, place, slot)
            if part is not None:
                self.left_out.pop(slot.name, None)
                yield Weight(slot.name, slot.tensor, part)

    def _part(self, node: NodeProto, place: int, slot: Slot) -> Part | None:
        """What a tensor does in a node; None if it is nothing to draw, which is then noted."""
        kind = node.op_type
        if kind == "BatchNormalization" and place > LAST_AFFINE:
            self.statistics[slot.name] = slot.tensor
        elif readers.is_weight(slot.tensor):
            if kind in LAYERS or kind in NORMS:
                return part_of(node, place, slot)
            if kind == "Add" and any(name in self.products for name in node.input):
                return Part(Role.OFFSET)  # the bias of a product, spelt out
            if kind in ARITHMETIC and self.found:
                return Part(Role.RAW)
            self.left_out[slot.name] = readers.EARLY if kind in ARITHMETIC else readers.setting(kind)
        return None
