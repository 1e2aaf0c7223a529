"""Reading ATen calls: which operator a node calls, and its arguments by their schema's names."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import fx


def op_name(node: fx.Node) -> str:
    """``aten::relu`` for any overload of it; empty for anything that is no operator call."""
    target = node.target
    return str(target._schema.name) if isinstance(target, torch._ops.OpOverload) else ""


def arguments(node: fx.Node) -> Mapping[str, Any]:
    """The call's arguments by name, defaults filled in."""
    assert isinstance(node.target, torch._ops.OpOverload)
    bound: dict[str, Any] = {}
    for place, argument in enumerate(node.target._schema.arguments):
        if place < len(node.args):
            bound[argument.name] = node.args[place]
        else:
            bound[argument.name] = node.kwargs.get(argument.name, argument.default_value)
    return bound


def mutates(node: fx.Node) -> bool:
    """Whether the call writes into one of its arguments."""
    return isinstance(node.target, torch._ops.OpOverload) and node.target._schema.is_mutable


def is_random(node: fx.Node) -> bool:
    """Whether the call draws random numbers."""
    return isinstance(node.target, torch._ops.OpOverload) and torch.Tag.nondeterministic_seeded in node.target.tags


def sole_user(node: fx.Node) -> fx.Node | None:
    """The one node that reads ``node``, if there is just one."""
    return next(iter(node.users)) if len(node.users) == 1 else None
