"""Fused operators that have no gradient or run on one kind of device only, spelt out in ones that do."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import torch
from torch import fx

from junco.audit.graph.ops import arguments, op_name

_aten = torch.ops.aten

Lowering = Callable[[fx.Graph, Mapping[str, Any]], fx.Node | None]


def lower(graph: fx.Graph) -> None:
    """Replace every fused call whose first result alone is read, and that ``LOWERINGS`` knows."""
    for node in list(graph.nodes):
        lowering = LOWERINGS.get(op_name(node))
        if lowering is None or any(user.args[1:] != (0,) for user in node.users):
            continue
        with graph.inserting_before(node):
            result = lowering(graph, arguments(node))
        if result is None:
            continue
        for user in list(node.users):
            user.replace_all_uses_with(result)
            graph.erase_node(user)
        graph.erase_node(node)


def _attention(graph: fx.Graph, given: Mapping[str, Any]) -> fx.Node | None:
    if given.get("return_debug_mask"):
        return None
    inputs = (given["query"], given["key"], given["value"])
    mask = given.get("attn_mask", given.get("attn_bias"))
    options = {"scale": given["scale"]} if given.get("scale") is not None else {}
    return graph.call_function(
        _aten.scaled_dot_product_attention.default, (*inputs, mask, given["dropout_p"], given["is_causal"]), options
    )


def _self_attention(graph: fx.Graph, given: Mapping[str, Any]) -> fx.Node | None:
    """Inference path of nn.MultiheadAttention for one tensor [n, length, features] attending to itself."""
    x, heads = given["query"], given["num_head"]
    if given["key"] is not x or given["value"] is not x or given["mask"] is not None:
        return None
    call = graph.call_function
    batch, length = (call(_aten.sym_size.int, (x, place)) for place in (0, 1))
    mixed = call(_aten.linear.default, (x, given["qkv_weight"], given["qkv_bias"]))
    split = call(_aten.reshape.default, (mixed, [batch, length, 3, heads, given["embed_dim"] // heads]))
    by_head = call(_aten.permute.default, (split, [2, 0, 3, 1, 4]))
    parts = [call(_aten.select.int, (by_head, 0, place)) for place in range(3)]
    attended = call(_aten.scaled_dot_product_attention.default, tuple(parts))
    joined = call(_aten.transpose.int, (attended, 1, 2))
    flat = call(_aten.reshape.default, (joined, [batch, length, given["embed_dim"]]))
    return call(_aten.linear.default, (flat, given["proj_weight"], given["proj_bias"]))


LOWERINGS: Mapping[str, Lowering] = MappingProxyType(
    {
        "aten::_scaled_dot_product_flash_attention_for_cpu": _attention,
        "aten::_scaled_dot_product_flash_attention": _attention,
        "aten::_scaled_dot_product_efficient_attention": _attention,
        "aten::_native_multi_head_attention": _self_attention,
    }
)
"""Fused operator to what spells it out; a lowering may decline by answering None."""
