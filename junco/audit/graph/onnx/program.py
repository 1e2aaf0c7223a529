"""An ONNX graph as a Python program over tensors: run as it is, or while torch records it."""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import onnx
import torch
from onnx import AttributeProto, GraphProto, NodeProto, TensorProto
from torch import Tensor
from torch.utils._python_dispatch import _disable_current_modes

from junco.audit.graph.onnx.registry import Call, form, reads_shape_only
from junco.audit.graph.onnx.tensors import from_proto, ints
from junco.contract.errors import JuncoError, ModelNotJudgeable

_HEAVY = 1024


@dataclass(frozen=True)
class Node:
    """One operation: names of what it reads (empty where omitted) and gives, its attributes as Python values."""

    op: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class Graph:
    """Nodes in order, constants by name, names of inputs and outputs."""

    nodes: tuple[Node, ...]
    constants: Mapping[str, Tensor]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    opset: int


def read_graph(proto: GraphProto, opset: int) -> Graph:
    """``proto`` with its tensors in torch's hands; what ``Constant`` nodes hold is a constant like any other."""
    constants = {tensor.name: from_proto(tensor) for tensor in proto.initializer}
    nodes = []
    for entry in proto.node:
        node = _node(entry, opset)
        if node.op == "Constant":
            constants[node.outputs[0]] = _constant(node.attributes)
        else:
            nodes.append(node)
    inputs = tuple(value.name for value in proto.input if value.name not in constants)
    return Graph(tuple(nodes), constants, inputs, tuple(value.name for value in proto.output), opset)


def _node(proto: NodeProto, opset: int) -> Node:
    attributes = {attribute.name: _attribute(attribute, opset) for attribute in proto.attribute}
    return Node(proto.op_type, proto.name, tuple(proto.input), tuple(proto.output), attributes)


def _attribute(proto: AttributeProto, opset: int) -> Any:
    value = onnx.helper.get_attribute_value(proto)
    if isinstance(value, TensorProto):
        return from_proto(value)
    return read_graph(value, opset) if isinstance(value, GraphProto) else value


def _constant(attributes: Mapping[str, Any]) -> Tensor:
    (name, value), *_ = attributes.items()
    if isinstance(value, Tensor):
        return value
    if name not in ("value_int", "value_ints", "value_float", "value_floats"):
        raise ModelNotJudgeable(
            "a constant of the model is no tensor of numbers",
            expected="numbers",
            found=name,
            remedy="export the model without text or sparse constants",
        )
    return torch.tensor(value, dtype=torch.int64 if "int" in name else torch.float32)


@dataclass
class _Scope:
    """Values by name while a graph runs; ``static`` are those that no image went into."""

    values: dict[str, Tensor]
    static: set[str]
    made: dict[str, Tensor] = field(default_factory=dict)

    def foldable(self, node: Node) -> bool:
        """Whether a node is arithmetic on shapes and settings, to be done now rather than recorded.

        What reads a weight is left to be recorded: the weight is then known by its name behind it.
        """
        read = [name for name in node.inputs if name]
        if not all(name in self.static for name in read):
            return False
        return not any(_is_heavy(self.values[name]) for name in read)


def _is_heavy(tensor: Tensor) -> bool:
    return tensor.numel() > (1 if tensor.is_floating_point() else _HEAVY)


def run(graph: Graph, feeds: Mapping[str, Tensor], made: dict[str, Tensor] | None = None) -> dict[str, Tensor]:
    """Outputs of ``graph`` by name; ``made`` collects constants that operators make for themselves.

    Raises ``ModelNotJudgeable`` for an operator, or a use of one, that is not known.
    """
    scope = _Scope({**graph.constants, **feeds}, set(graph.constants), {} if made is None else made)
    _run_nodes(graph, scope)
    return {name: scope.values[name] for name in graph.outputs}


def _run_nodes(graph: Graph, scope: _Scope) -> None:
    for node in graph.nodes:
        if node.op == "If":
            _branch(node, scope)
            continue
        static = reads_shape_only(node.op) or scope.foldable(node)
        with _disable_current_modes() if static else nullcontext():
            results = _results(graph, node, scope)
        for name, value in zip(node.outputs, results, strict=False):
            if name and value is not None:
                scope.values[name] = value
        if static or all(name in scope.static for name in node.inputs if name):
            scope.static.update(node.outputs)


def _results(graph: Graph, node: Node, scope: _Scope) -> tuple[Tensor | None, ...]:
    function = form(node.op, graph.opset)
    call = Call(node.op, node.attributes, len(node.outputs), graph.opset, node.outputs[0], scope.made)
    if function is None:
        raise call.refused("an operator that Junco does not know")
    try:
        result = function(call, *(scope.values[name] if name else None for name in node.inputs))
    except JuncoError:
        raise
    except Exception as error:
        place = f" ({node.name})" if node.name else ""
        raise call.refused(f"{type(error).__name__}{place}: {str(error)[:200]}") from error
    return result if isinstance(result, tuple) else (result,)


def _branch(node: Node, scope: _Scope) -> None:
    """Run the branch that a constant condition takes."""
    (taken,) = ints(scope.values[node.inputs[0]])
    graph: Graph = node.attributes["then_branch" if taken else "else_branch"]
    inner = _Scope({**scope.values, **graph.constants}, scope.static | set(graph.constants), scope.made)
    _run_nodes(graph, inner)
    for name, result in zip(node.outputs, graph.outputs, strict=True):
        scope.values[name] = inner.values[result]
        if result in inner.static:
            scope.static.add(name)
