"""Weights that a file stores rounded, as floating-point constants: rounded ones could not be drawn anew."""

from onnx import GraphProto, NodeProto, TensorProto, helper, numpy_helper
from torch import Tensor

from junco.audit.graph.onnx.tensors import from_proto


def unround(graph: GraphProto) -> None:
    """Make a constant of every ``DequantizeLinear`` of a constant: one scale in all, or one a channel."""
    held = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        values = [a.t for a in node.attribute if a.name == "value" and a.HasField("t")]
        if node.op_type == "Constant" and values:
            held[node.output[0]] = values[0]
        given = [held.get(name) for name in node.input]
        if node.op_type == "DequantizeLinear" and None not in given:
            tensor = _numbers(node, [from_proto(proto) for proto in given if proto is not None])
            if tensor is not None:
                _replace(node, numpy_helper.from_array(tensor.numpy()))


def _numbers(node: NodeProto, given: list[Tensor]) -> Tensor | None:
    """(rounded - zero) * scale; None where the scale is one a block."""
    rounded, scale = given[0], given[1]
    if scale.dim() > 1:
        return None
    axis = next((a.i for a in node.attribute if a.name == "axis"), 1)
    shape = [1] * rounded.dim()
    if scale.numel() > 1:
        shape[axis] = -1
    zero = given[2].reshape(shape).float() if len(given) > 2 and given[2].numel() else 0
    return ((rounded.float() - zero) * scale.float().reshape(shape if scale.numel() > 1 else ())).to(scale.dtype)


def _replace(node: NodeProto, value: TensorProto) -> None:
    output = node.output[0]
    node.CopyFrom(helper.make_node("Constant", [], [output], value=value))
