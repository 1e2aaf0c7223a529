"""Operators that have no gradient or run on one kind of device only, spelt out in ones that do."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import torch
from torch import fx

from junco.audit.graph.fused import attention, encoder_layer, self_attention
from junco.audit.graph.ops import arguments, op_name

Lowering = Callable[[fx.Graph, Mapping[str, Any]], fx.Node | None]


def lower(graph: fx.Graph) -> None:
    """Replace every call that ``LOWERINGS`` knows and of whose results the first alone is read."""
    for node in list(graph.nodes):
        lowering = LOWERINGS.get(op_name(node))
        if lowering is None or (_gives_several(node) and any(user.args[1:] != (0,) for user in node.users)):
            continue
        with graph.inserting_before(node):
            result = lowering(graph, arguments(node))
        if result is not None:
            _replace(graph, node, result)


def _gives_several(node: fx.Node) -> bool:
    assert isinstance(node.target, torch._ops.OpOverload)
    return len(node.target._schema.returns) > 1


def _replace(graph: fx.Graph, node: fx.Node, result: fx.Node) -> None:
    if _gives_several(node):
        for user in list(node.users):
            user.replace_all_uses_with(result)
            graph.erase_node(user)
    else:
        node.replace_all_uses_with(result)
    graph.erase_node(node)


def _copy(graph: fx.Graph, given: Mapping[str, Any]) -> fx.Node:
    """What is left of ``copy_`` once nothing is written in place: the source, as the target would have held it."""
    cast = graph.call_function(torch.ops.aten.type_as.default, (given["src"], given["self"]))
    return graph.call_function(torch.ops.aten.expand_as.default, (cast, given["self"]))


LOWERINGS: Mapping[str, Lowering] = MappingProxyType(
    {
        "aten::_scaled_dot_product_flash_attention_for_cpu": attention,
        "aten::_scaled_dot_product_flash_attention": attention,
        "aten::_scaled_dot_product_efficient_attention": attention,
        "aten::_native_multi_head_attention": self_attention,
        "aten::_transformer_encoder_layer_fwd": encoder_layer,
        "aten::copy": _copy,
    }
)
"""Operator to what spells it out; a lowering may decline by answering None."""
