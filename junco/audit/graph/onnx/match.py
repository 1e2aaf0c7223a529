"""Reading a recorded graph for what exporters spell out: numbers, factors, stored tensors."""

import math
from collections.abc import Iterator, Mapping

from torch import Tensor, fx

from junco.audit.graph.ops import arguments, op_name

Tensors = Mapping[str, Tensor]
"""A graph's stored tensors by name."""


def both_ways(node: fx.Node) -> Iterator[tuple[fx.Node, fx.Node]]:
    """What a call of two tensors joins, either first."""
    a, b = node.args[:2]
    if isinstance(a, fx.Node) and isinstance(b, fx.Node):
        yield a, b
        yield b, a


def number(value: object, tensors: Tensors) -> float | None:
    """A number written in the graph or stored as a tensor of one place."""
    if isinstance(value, fx.Node):
        held = tensors.get(str(value.target)) if value.op == "get_attr" else None
        return round(float(held), 12) if held is not None and held.numel() == 1 else None
    return float(value) if isinstance(value, int | float) else None


def other_number(node: fx.Node, one: fx.Node, tensors: Tensors) -> float | None:
    """The number that ``node`` joins to ``one``."""
    others = [arg for arg in node.args[:2] if arg is not one]
    return number(others[0], tensors) if others else None


def scaled_by(node: fx.Node, factor: float, tensors: Tensors) -> fx.Node | None:
    """What ``node`` is ``factor`` times; None if it is anything else."""
    if op_name(node) == "aten::mul":
        for x, other in ((node.args[0], node.args[1]), (node.args[1], node.args[0])):
            by = number(other, tensors)
            if by is not None and isinstance(x, fx.Node) and math.isclose(by, factor, rel_tol=1e-4):
                return x
    if op_name(node) == "aten::div" and isinstance(node.args[0], fx.Node):
        by = number(node.args[1], tensors)
        return node.args[0] if by and math.isclose(1 / by, factor, rel_tol=1e-4) else None
    return None


def stored(node: fx.Node) -> list[fx.Node]:
    """What ``node`` reads that no image goes into."""
    return [source for source in node.all_input_nodes if source.op == "get_attr"]


def other_stored(node: fx.Node | None, one: fx.Node | None, kind: str, tensors: Tensors) -> fx.Node | None:
    """The stored floating-point tensor that ``node`` joins to ``one``."""
    if node is None or one is None or op_name(node) != kind or arguments(node).get("alpha", 1) != 1:
        return None
    found = [arg for arg in node.args[:2] if arg is not one and isinstance(arg, fx.Node) and arg.op == "get_attr"]
    return found[0] if found and tensors[str(found[0].target)].is_floating_point() else None
