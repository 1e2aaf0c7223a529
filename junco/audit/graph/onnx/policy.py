"""What an ONNX file may hold before anything runs it: read from the protobuf alone."""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from math import prod

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto

from junco.contract.errors import ModelFormatUnsupported, ModelUnreadable

MOST_NODES = 5_000
"""Several times what the largest classifiers have: a node costs about two milliseconds to lift."""
DEEPEST = 8
LARGEST_SIDE = 1 << 24
OLDEST_OPSET = 7
_DOMAINS = ("", "ai.onnx")
_EXPORT_WHOLE = "export the model into one file, with its weights inside, and with standard operators only"


def admitted(data: bytes) -> ModelProto:
    """The model in ``data``. Raises ``ModelUnreadable`` if it is damaged, ``ModelFormatUnsupported`` if it is refused.

    Weights outside the file, operators outside the standard, functions of the file's own, tensors that do not hold
    what their shapes say, graphs that are too large, too deep or not in order are all refused.
    """
    try:
        model: ModelProto = ModelProto.FromString(data)
    except DecodeError as error:
        raise _damaged("not a protobuf message of an ONNX model, or nested too deeply") from error
    _require_version(model)
    if model.functions:
        raise _unsupported("functions of its own", "standard operators only")
    _Walk(model).graph(model.graph, frozenset(), depth=0)
    return model


def opset(model: ModelProto) -> int:
    """Version of the standard operators that the model was written for."""
    return max((entry.version for entry in model.opset_import if entry.domain in _DOMAINS), default=1)


def _require_version(model: ModelProto) -> None:
    if not model.graph.node or not model.graph.output:
        raise _damaged("no graph with nodes and outputs")
    newest = onnx.defs.onnx_opset_version()
    if not OLDEST_OPSET <= opset(model) <= newest:
        raise _unsupported(f"operators of opset {opset(model)}", f"opset {OLDEST_OPSET} to {newest}")


class _Walk:
    """One pass over a model: every node, tensor and subgraph is counted and held against the rules."""

    def __init__(self, model: ModelProto) -> None:
        self.nodes = 0
        self.budget = model.ByteSize()

    def graph(self, graph: GraphProto, outer: AbstractSet[str], *, depth: int) -> None:
        if depth > DEEPEST:
            raise _unsupported(f"graphs nested more than {DEEPEST} deep", "fewer branches inside branches")
        for tensor in graph.initializer:
            self.tensor(tensor)
        if graph.sparse_initializer:
            raise _unsupported("sparse weights", "dense weights")
        for value in graph.input:
            _require_sides(value.name, [d.dim_value for d in value.type.tensor_type.shape.dim])
        known = set(outer) | {value.name for value in graph.input} | {tensor.name for tensor in graph.initializer}
        for node in graph.node:
            self.node(node, known, depth=depth)
        missing = [value.name for value in graph.output if value.name not in known]
        if missing:
            raise _damaged(f"no node gives the output {missing[0][:80]!r}")

    def node(self, node: NodeProto, known: set[str], *, depth: int) -> None:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise _unsupported(f"more than {MOST_NODES} nodes", "a smaller graph")
        if node.domain not in _DOMAINS:
            raise _unsupported(f"an operator of the domain {node.domain[:80]!r}", "operators of the ONNX standard")
        absent = [name for name in node.input if name and name not in known]
        if absent:
            raise _damaged(f"{node.op_type[:80]} reads {absent[0][:80]!r}, which nothing before it gives")
        for attribute in node.attribute:
            self.attribute(attribute, known, depth=depth)
        doubled = [name for name in node.output if name and name in known]
        if doubled:
            raise _damaged(f"two nodes give {doubled[0][:80]!r}")
        known.update(node.output)

    def attribute(self, attribute: AttributeProto, known: AbstractSet[str], *, depth: int) -> None:
        if attribute.ref_attr_name:
            raise _unsupported("an attribute of a function of its own", "standard operators only")
        if attribute.HasField("sparse_tensor") or attribute.sparse_tensors:
            raise _unsupported("sparse weights", "dense weights")
        for tensor in _tensors(attribute):
            self.tensor(tensor)
        for graph in [attribute.g] if attribute.HasField("g") else attribute.graphs:
            self.graph(graph, known, depth=depth + 1)

    def tensor(self, tensor: TensorProto) -> None:
        if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
            raise _unsupported(f"weights outside the file ({tensor.name[:80]!r})", "all weights inside the file")
        if tensor.HasField("segment"):
            raise _unsupported("a tensor in segments", "whole tensors")
        _require_sides(tensor.name, tensor.dims)
        if tensor.data_type == TensorProto.STRING or tensor.data_type not in TensorProto.DataType.values():
            raise _unsupported(f"a tensor of type {tensor.data_type}", "tensors of numbers")
        _require_filled(tensor, prod(tensor.dims), self.budget)


def _tensors(attribute: AttributeProto) -> Iterator[TensorProto]:
    if attribute.HasField("t"):
        yield attribute.t
    yield from attribute.tensors


def _require_sides(name: str, sides: Iterable[int]) -> None:
    for side in sides:
        if not 0 <= side <= LARGEST_SIDE:
            raise _damaged(f"{name[:80]!r} has a side of {side}")


_NARROW = {TensorProto.INT4, TensorProto.UINT4, TensorProto.FLOAT4E2M1}
_TWICE = {TensorProto.COMPLEX64, TensorProto.COMPLEX128}


def _require_filled(tensor: TensorProto, count: int, budget: int) -> None:
    """Refuse a tensor that does not hold exactly what its shape says."""
    # Not one number may take less than four bits of the file, so that a few bytes cannot claim gigabytes.
    if count > 2 * budget:
        raise _damaged(f"{tensor.name[:80]!r} claims {count} numbers, more than the file holds")
    if tensor.HasField("raw_data"):
        size = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
        wanted = -(-count // 2) if tensor.data_type in _NARROW else count * size
        held = len(tensor.raw_data)
    else:
        field = onnx.helper.tensor_dtype_to_field(tensor.data_type)
        wanted = -(-count // 2) if tensor.data_type in _NARROW else count * (1 + (tensor.data_type in _TWICE))
        held = len(getattr(tensor, field))
    # Types of four bits are written packed or one a number: both are in use.
    if held != wanted and not (tensor.data_type in _NARROW and held == count):
        raise _damaged(f"{tensor.name[:80]!r} holds {held} bytes or numbers where its shape wants {wanted}")


def _damaged(found: str) -> ModelUnreadable:
    return ModelUnreadable(
        "the ONNX file is damaged",
        expected="a valid ONNX model",
        found=found,
        remedy="check the file with onnx.checker where it was made, and export it again",
    )


def _unsupported(found: str, expected: str) -> ModelFormatUnsupported:
    return ModelFormatUnsupported(f"the ONNX file has {found}", expected=expected, found=found, remedy=_EXPORT_WHOLE)
