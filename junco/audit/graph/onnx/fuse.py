"""Activations and norms that exporters spell out, put back as the one call that they were."""

import math
from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor, fx

from junco.audit.graph.ops import arguments, op_name, sole_user

_aten = torch.ops.aten
Tensors = Mapping[str, Tensor]


def fuse(graph: fx.Graph, tensors: Tensors) -> None:
    """Rewrite spelt-out SiLU, Hardswish, Mish, GELU, layer norms and group norms; anything else stays."""
    for node in list(graph.nodes):
        rule = _RULES.get(op_name(node))
        if rule is not None:
            rule(graph, node, tensors)
    graph.eliminate_dead_code()


def _gated(graph: fx.Graph, node: fx.Node, _: Tensors) -> None:
    """x * gate(x) for the gates that have a name."""
    for x, gate in _both_ways(node):
        kind = op_name(gate)
        inner = gate.args[0] if kind in _GATES else None
        if kind == "aten::tanh" and isinstance(inner, fx.Node) and op_name(inner) == "aten::softplus":
            inner = inner.args[0]
        elif kind == "aten::tanh":
            inner = None
        if inner is x:
            _replace(graph, node, _GATES[kind], (x,))
            return


def _gelu(graph: fx.Graph, node: fx.Node, tensors: Tensors) -> None:
    """x * (1 + erf(x / sqrt 2)) / 2, the factors in any order."""
    scaled = node.args[0]
    x = _scaled_by(scaled, 1 / math.sqrt(2), tensors) if isinstance(scaled, fx.Node) else None
    plus = sole_user(node)
    if x is None or plus is None or op_name(plus) != "aten::add" or _other_number(plus, node, tensors) != 1:
        return
    last, waiting = plus, {"x", "half"}
    while waiting:
        user = sole_user(last)
        if user is None or op_name(user) != "aten::mul":
            return
        other = user.args[1] if user.args[0] is last else user.args[0]
        found = _factors(other, x, tensors)
        if not found or not found <= waiting:
            return
        last, waiting = user, waiting - found
    _replace(graph, last, _aten.gelu.default, (x,))


def _factors(value: object, x: fx.Node, tensors: Tensors) -> set[str]:
    if value is x:
        return {"x"}
    if _number(value, tensors) == 0.5:
        return {"half"}
    halved = isinstance(value, fx.Node) and _scaled_by(value, 0.5, tensors) is x
    return {"x", "half"} if halved else set()


def _layer_norm(graph: fx.Graph, node: fx.Node, tensors: Tensors) -> None:
    """(x - mean) / sqrt(mean of squares + epsilon) over the last side, with a scale and a shift after it."""
    centred, root = node.args[:2]
    if not (isinstance(centred, fx.Node) and isinstance(root, fx.Node)) or op_name(root) != "aten::sqrt":
        return
    summed = root.all_input_nodes[0]
    if op_name(centred) != "aten::sub" or op_name(summed) != "aten::add":
        return
    x, mean = centred.args[:2]
    variance = summed.all_input_nodes[0]
    epsilon = _other_number(summed, variance, tensors)
    if not (isinstance(mean, fx.Node) and _is_mean(mean, x) and epsilon is not None and _is_mean(variance, None)):
        return
    square = variance.all_input_nodes[0]
    if op_name(square) == "aten::pow" and _number(square.args[1], tensors) != 2:
        return
    if op_name(square) not in ("aten::pow", "aten::mul") or {*square.all_input_nodes} - {*_stored(square)} != {centred}:
        return
    scaled = sole_user(node)
    weight = _other_stored(scaled, node, "aten::mul", tensors)
    shifted = sole_user(scaled) if scaled is not None else None
    bias = _other_stored(shifted, scaled, "aten::add", tensors)
    if weight is None or bias is None or shifted is None or tensors[str(weight.target)].dim() != 1:
        return
    shape = list(tensors[str(weight.target)].shape)
    if tensors[str(bias.target)].shape == tensors[str(weight.target)].shape and shape != [1]:
        _replace(graph, shifted, _aten.layer_norm.default, (x, shape, weight, bias, epsilon))


def _is_mean(node: fx.Node, of: object) -> bool:
    if op_name(node) != "aten::mean" or (of is not None and node.args[0] is not of):
        return False
    given = arguments(node)
    return list(given.get("dim") or []) == [-1] and bool(given.get("keepdim"))


def _group_norm(graph: fx.Graph, node: fx.Node, tensors: Tensors) -> None:
    """One norm a group over [n, groups, rest], put back into shape, scaled and shifted by channel."""
    given, back = arguments(node), sole_user(node)
    split = given["input"]
    if op_name(split) != "aten::reshape" or back is None or op_name(back) != "aten::reshape":
        return
    ones, zeros = (tensors.get(str(getattr(given[name], "target", ""))) for name in ("weight", "bias"))
    if ones is None or zeros is None or not bool((ones == 1).all()) or bool(zeros.any()):
        return
    scaled = sole_user(back)
    weight = _other_stored(scaled, back, "aten::mul", tensors)
    shifted = sole_user(scaled) if scaled is not None else None
    bias = _other_stored(shifted, scaled, "aten::add", tensors)
    if weight is None or bias is None or shifted is None:
        return
    channels = tensors[str(weight.target)].shape[0]
    fits = all(tensors[str(t.target)].shape == (channels, 1, 1) for t in (weight, bias))
    x = split.args[0]
    if fits and arguments(back)["shape"][1] == channels and ones.numel() == given["num_groups"]:
        with graph.inserting_before(shifted):
            flat = [graph.call_function(_aten.reshape.default, (t, [channels])) for t in (weight, bias)]
        _replace(graph, shifted, _aten.group_norm.default, (x, given["num_groups"], *flat, given["eps"]))


def _both_ways(node: fx.Node) -> Iterator[tuple[fx.Node, fx.Node]]:
    a, b = node.args[:2]
    if isinstance(a, fx.Node) and isinstance(b, fx.Node):
        yield a, b
        yield b, a


def _number(value: object, tensors: Tensors) -> float | None:
    """A number written in the graph or stored as a tensor of one place."""
    if isinstance(value, fx.Node):
        held = tensors.get(str(value.target)) if value.op == "get_attr" else None
        return round(float(held), 12) if held is not None and held.numel() == 1 else None
    return float(value) if isinstance(value, int | float) else None


def _other_number(node: fx.Node, one: fx.Node, tensors: Tensors) -> float | None:
    others = [arg for arg in node.args[:2] if arg is not one]
    return _number(others[0], tensors) if others else None


def _scaled_by(node: fx.Node, factor: float, tensors: Tensors) -> fx.Node | None:
    """What ``node`` is ``factor`` times; None if it is anything else."""
    if op_name(node) == "aten::mul":
        for x, other in ((node.args[0], node.args[1]), (node.args[1], node.args[0])):
            by = _number(other, tensors)
            if by is not None and isinstance(x, fx.Node) and math.isclose(by, factor, rel_tol=1e-4):
                return x
    if op_name(node) == "aten::div" and isinstance(node.args[0], fx.Node):
        by = _number(node.args[1], tensors)
        return node.args[0] if by and math.isclose(1 / by, factor, rel_tol=1e-4) else None
    return None


def _stored(node: fx.Node) -> list[fx.Node]:
    return [source for source in node.all_input_nodes if source.op == "get_attr"]


def _other_stored(node: fx.Node | None, one: fx.Node | None, kind: str, tensors: Tensors) -> fx.Node | None:
    """The stored floating-point tensor that ``node`` joins to ``one``."""
    if node is None or one is None or op_name(node) != kind or arguments(node).get("alpha", 1) != 1:
        return None
    stored = [arg for arg in node.args[:2] if arg is not one and isinstance(arg, fx.Node) and arg.op == "get_attr"]
    return stored[0] if stored and tensors[str(stored[0].target)].is_floating_point() else None


def _replace(graph: fx.Graph, node: fx.Node, call: torch._ops.OpOverload, args: tuple[object, ...]) -> None:
    with graph.inserting_before(node):
        new = graph.call_function(call, args)  # type: ignore[arg-type]
    node.replace_all_uses_with(new)


_GATES = {
    "aten::sigmoid": _aten.silu.default,
    "aten::hardsigmoid": _aten.hardswish.default,
    "aten::tanh": _aten.mish.default,
}

_RULES: Mapping[str, Callable[[fx.Graph, fx.Node, Tensors], None]] = {
    "aten::mul": _gated,
    "aten::erf": _gelu,
    "aten::div": _layer_norm,
    "aten::group_norm": _group_norm,
}
