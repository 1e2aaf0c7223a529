"""What a node of a graph computes, by one short name, however the call was written."""

from collections.abc import Sequence

import torch
from torch import fx, nn

from junco.audit.graph.ops import op_name

_RESHAPES = {"view", "reshape", "_unsafe_view", "flatten", "unflatten", "squeeze", "unsqueeze", "expand"}
_TURNS = {"permute", "transpose", "t", "movedim", "flip", "roll", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle"}
_COPIES = {"contiguous", "clone", "alias", "to", "_to_copy", "identity", "dropout"}
_PARTS = {"slice", "select", "narrow", "getitem", "chunk", "split", "split_with_sizes", "unbind"}
_JOINS = {"cat", "stack", "pad", "constant_pad_nd"}

MOVES = frozenset(_RESHAPES | _TURNS | _COPIES | _PARTS | _JOINS)
"""Values change place and nothing else, or are copied or left out."""

SUMS = frozenset(["mean", "sum", "adaptive_avg_pool2d", "avg_pool2d", "adaptive_avg_pool1d", "avg_pool1d"])
"""Sums with weights that are not negative, over one input."""

MODULES = {
    nn.Identity: "identity",
    nn.Dropout: "dropout",
    nn.Dropout2d: "dropout",
    nn.Flatten: "flatten",
    nn.AvgPool1d: "avg_pool1d",
    nn.AvgPool2d: "avg_pool2d",
    nn.AdaptiveAvgPool1d: "adaptive_avg_pool1d",
    nn.AdaptiveAvgPool2d: "adaptive_avg_pool2d",
}


def turns_first(module: fx.GraphModule, node: fx.Node) -> bool:
    """Whether a node moves the first axis of its input elsewhere, or another one before it."""
    name, given = name_of(module, node), [*node.args[1:], *node.kwargs.values()]
    axes: Sequence[object] = given[0] if given and isinstance(given[0], list | tuple) else given
    if name == "permute":
        return bool(axes) and axes[0] != 0
    if name in ("transpose", "swapaxes", "movedim", "stack", "unsqueeze"):
        return 0 in axes or (name == "stack" and not axes)
    return name in ("t", "T")


def name_of(module: fx.GraphModule, node: fx.Node) -> str:
    """``add`` for an addition, whether a function, a method, an ATen call or Python's operator makes it; a module's
    own name for a module that is no function's twin."""
    if node.op == "call_module":
        layer = module.get_submodule(str(node.target))
        return MODULES.get(type(layer), type(layer).__name__)
    if node.op == "call_method":
        return str(node.target)
    if isinstance(node.target, torch._ops.OpOverload):
        return op_name(node).removeprefix("aten::")
    return {"truediv": "div", "iadd": "add"}.get(short := getattr(node.target, "__name__", node.op), short)
