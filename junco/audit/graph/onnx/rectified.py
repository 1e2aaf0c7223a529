"""ReLUs that a quantiser took away, put back.

A quantiser whose smallest step stands for zero cuts what is below, so quantising tools drop the ReLU before it. Guided
methods, DeepLift and LRP follow a rule of their own at a ReLU and need to find it; where a quantiser merely saturates
they must not find one.
"""

from collections.abc import Mapping
from dataclasses import replace

import torch

from junco.audit.graph.onnx.program import Graph, Node

_KEEPS_SIGN = {
    "AveragePool",
    "Concat",
    "DequantizeLinear",
    "Flatten",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "Identity",
    "MaxPool",
    "Pad",
    "QuantizeLinear",
    "ReduceMax",
    "ReduceMean",
    "Reshape",
    "Resize",
    "Slice",
    "Squeeze",
    "Transpose",
    "Unsqueeze",
}
"""What answers nothing negative where its first input, or all of them if it joins several, holds nothing negative."""

_JOINS = {"Add", "Concat", "Mul"}
_CUTS = {"Relu", "Sigmoid", "Softmax", "HardSigmoid", "Softplus", "Abs"}


def with_relus(graph: Graph) -> Graph:
    """``graph`` with a ``Relu`` before each ``QuantizeLinear`` that acts as one."""
    makers = {name: node for node in graph.nodes for name in node.outputs}
    nodes: list[Node] = []
    for node in graph.nodes:
        if node.op == "QuantizeLinear" and _cuts_below_zero(node, graph) and _may_be_negative(node, graph, makers):
            name = f"{node.inputs[0]}.relu.{node.outputs[0]}"
            nodes.append(Node("Relu", "", (node.inputs[0],), (name,), {}))
            node = replace(node, inputs=(name, *node.inputs[1:]))
        nodes.append(node)
    return replace(graph, nodes=tuple(nodes))


_ZERO_AT = {"QuantizeLinear": 2, "QLinearConv": 7, "QLinearMatMul": 7}
"""Which input of a quantiser is the zero point of its result."""


def _cuts_below_zero(node: Node, graph: Graph) -> bool:
    """Whether ``node`` quantises, its smallest step standing for zero."""
    if node.op not in _ZERO_AT:
        return False
    name = node.inputs[_ZERO_AT[node.op]] if len(node.inputs) > _ZERO_AT[node.op] else ""
    zero = graph.constants.get(name)
    if zero is None:
        return not name  # unsigned, from zero on
    return not zero.is_floating_point() and bool((zero == torch.iinfo(zero.dtype).min).all())


def _may_be_negative(node: Node, graph: Graph, makers: Mapping[str, Node]) -> bool:
    """Whether what the quantiser reads was computed, and nothing before it has cut it at zero.

    An image that is quantised as it comes in is only cut to its range: no network has a ReLU there.
    """
    waiting, seen = [node.inputs[0]], set[str]()
    while waiting:
        name = waiting.pop()
        maker = makers.get(name)
        if name in seen or maker is None or maker.op in _CUTS or _clips(maker, graph):
            continue
        seen.add(name)
        if _cuts_below_zero(maker, graph):
            continue
        if maker.op not in _KEEPS_SIGN | _JOINS:
            return True
        if maker.op in _JOINS and any(i in graph.constants for i in maker.inputs):
            return True
        waiting.extend(maker.inputs if maker.op in _JOINS else maker.inputs[:1])
    return False


def _clips(node: Node, graph: Graph) -> bool:
    if node.op != "Clip":
        return False
    if len(node.inputs) > 1 and node.inputs[1]:
        low = graph.constants.get(node.inputs[1])
        return low is not None and bool((low >= 0).all())
    return float(node.attributes.get("min", -1)) >= 0
