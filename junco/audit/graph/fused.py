"""Attention's fused operators, spelt out in differentiable ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx

_aten = torch.ops.aten

Arguments = Mapping[str, Any]


def attention(graph: fx.Graph, given: Arguments) -> fx.Node | None:
    """Scaled dot-product attention of one device's kernel, as the one that finds its kernel itself."""
    if given.get("return_debug_mask"):
        return None
    inputs = (given["query"], given["key"], given["value"])
    mask = given.get("attn_mask", given.get("attn_bias"))
    options = {"scale": given["scale"]} if given.get("scale") is not None else {}
    return graph.call_function(
        _aten.scaled_dot_product_attention.default, (*inputs, mask, given["dropout_p"], given["is_causal"]), options
    )


def self_attention(graph: fx.Graph, given: Arguments) -> fx.Node | None:
    """Inference path of nn.MultiheadAttention for one tensor [n, length, features] attending to itself."""
    x = given["query"]
    if given["key"] is not x or given["value"] is not x or given["mask"] is not None:
        return None
    heads = _Heads(given["num_head"], given["embed_dim"], given["qkv_weight"], given["qkv_bias"])
    return _linear(graph, _attended(graph, x, heads), given["proj_weight"], given["proj_bias"])


def encoder_layer(graph: fx.Graph, given: Arguments) -> fx.Node | None:
    """Inference path of nn.TransformerEncoderLayer for [n, length, features] without a mask."""
    if given["mask"] is not None:
        return None
    x, before = given["src"], given["norm_first"]
    heads = _Heads(given["num_heads"], given["embed_dim"], given["qkv_weight"], given["qkv_bias"])
    mixed = _attended(graph, _norm(graph, x, given, place=1) if before else x, heads)
    x = _add(graph, x, _linear(graph, mixed, given["proj_weight"], given["proj_bias"]))
    x = x if before else _norm(graph, x, given, place=1)
    x = _add(graph, x, _feed_forward(graph, _norm(graph, x, given, place=2) if before else x, given))
    return x if before else _norm(graph, x, given, place=2)


@dataclass(frozen=True)
class _Heads:
    """Heads over ``width`` features, and what maps features to queries, keys and values."""

    count: int
    width: int
    weight: fx.Node
    bias: fx.Node


def _attended(graph: fx.Graph, x: fx.Node, heads: _Heads) -> fx.Node:
    call = graph.call_function
    batch, length = (call(_aten.sym_size.int, (x, place)) for place in (0, 1))
    mixed = _linear(graph, x, heads.weight, heads.bias)
    split = call(_aten.reshape.default, (mixed, [batch, length, 3, heads.count, heads.width // heads.count]))
    by_head = call(_aten.permute.default, (split, [2, 0, 3, 1, 4]))
    parts = [call(_aten.select.int, (by_head, 0, place)) for place in range(3)]
    attended = call(_aten.scaled_dot_product_attention.default, tuple(parts))
    joined = call(_aten.transpose.int, (attended, 1, 2))
    return call(_aten.reshape.default, (joined, [batch, length, heads.width]))


def _feed_forward(graph: fx.Graph, x: fx.Node, given: Arguments) -> fx.Node:
    hidden = _linear(graph, x, given["ffn_weight_1"], given["ffn_bias_1"])
    bent = graph.call_function(_aten.gelu.default if given["use_gelu"] else _aten.relu.default, (hidden,))
    return _linear(graph, bent, given["ffn_weight_2"], given["ffn_bias_2"])


def _norm(graph: fx.Graph, x: fx.Node, given: Arguments, *, place: int) -> fx.Node:
    read = (given[f"norm_weight_{place}"], given[f"norm_bias_{place}"], given["eps"])
    return graph.call_function(_aten.layer_norm.default, (x, [given["embed_dim"]], *read))


def _linear(graph: fx.Graph, x: fx.Node, weight: fx.Node, bias: fx.Node) -> fx.Node:
    return graph.call_function(_aten.linear.default, (x, weight, bias))


def _add(graph: fx.Graph, x: fx.Node, other: fx.Node) -> fx.Node:
    return graph.call_function(_aten.add.Tensor, (x, other))
