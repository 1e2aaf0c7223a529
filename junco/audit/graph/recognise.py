"""Which ATen calls of a lifted graph become layers, and what the input meets before the first of them."""

import operator
from collections.abc import Mapping

import torch
from torch import fx

from junco.audit.graph import activations, layers
from junco.audit.graph.lift import Lifted
from junco.audit.graph.ops import arguments, op_name
from junco.audit.graph.registry import BUILDERS, Call, Layer

# Importing them fills the registry.
_BUILDER_MODULES = (activations, layers)


def layer_calls(lifted: Lifted, shapes: Mapping[fx.Node, tuple[int, ...]]) -> dict[fx.Node, Layer]:
    """The calls that have a module form, with what to put in their place; ``shapes`` are those of nodes' outputs."""
    found: dict[fx.Node, Layer] = {}
    for node in lifted.graph.nodes:
        builder = BUILDERS.get(op_name(node))
        if builder is None or not _one_result(node):
            continue
        layer = builder(Call(node, arguments(node), lifted.tensors, shapes))
        if layer is not None:
            found[node] = layer
    return found


def before_layers(calls: Mapping[fx.Node, Layer]) -> set[fx.Node]:
    """Nodes from which the first weighted layer's input is computed."""
    first = next((layer for layer in calls.values() if layer.weights), None)
    if first is None:
        return set()
    found, waiting = set[fx.Node](), [first.source]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting.extend(node.all_input_nodes)
    return found


def _one_result(node: fx.Node) -> bool:
    """Whether the call gives one tensor, or several of which only the first is read."""
    assert isinstance(node.target, torch._ops.OpOverload)
    if len(node.target._schema.returns) == 1:
        return True
    return all(user.target is operator.getitem and user.args[1] == 0 for user in node.users)
