"""Activations and norms that exporters spell out, put back as the one call that they were."""

import math
from collections.abc import Callable, Mapping

import torch
from torch import fx

from junco.audit.graph.onnx.match import Tensors, both_ways, number, other_number, other_stored, scaled_by, stored
from junco.audit.graph.ops import arguments, op_name, sole_user

_aten = torch.ops.aten


def fuse(graph: fx.Graph, tensors: Tensors) -> None:
    """Rewrite spelt-out SiLU, Hardswish, Mish, GELU, layer norms and group norms; anything else stays."""
    for node in list(graph.nodes):
        rule = _RULES.get(op_name(node))
        if rule is not None:
            rule(graph, node, tensors)
    graph.eliminate_dead_code()


def _gated(graph: fx.Graph, node: fx.Node, _: Tensors) -> None:
    """x * gate(x) for the gates that have a name."""
    for x, gate in both_ways(node):
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
    x = scaled_by(scaled, 1 / math.sqrt(2), tensors) if isinstance(scaled, fx.Node) else None
    if x is not None:
        _halved_gate(graph, node, x, tensors=tensors, approximate="none")


def _gelu_by_tanh(graph: fx.Graph, node: fx.Node, tensors: Tensors) -> None:
    """x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) / 2, the factors in any order."""
    inner = node.args[0]
    total = scaled_by(inner, math.sqrt(2 / math.pi), tensors) if isinstance(inner, fx.Node) else None
    if total is None or op_name(total) != "aten::add":
        return
    for x, term in both_ways(total):
        cube = scaled_by(term, 0.044715, tensors)
        if cube is not None and _is_cube(cube, x, tensors):
            _halved_gate(graph, node, x, tensors=tensors, approximate="tanh")
            return


def _is_cube(node: fx.Node, x: fx.Node, tensors: Tensors) -> bool:
    if op_name(node) == "aten::pow":
        return node.args[0] is x and number(node.args[1], tensors) == 3
    square = next((a for a, b in both_ways(node) if b is x), None) if op_name(node) == "aten::mul" else None
    return square is not None and op_name(square) == "aten::mul" and {*square.args[:2]} == {x}


def _halved_gate(graph: fx.Graph, node: fx.Node, x: fx.Node, *, tensors: Tensors, approximate: str) -> None:
    """Put one GELU in place of (``node`` + 1) * x / 2, if that is what becomes of ``node``."""
    plus = sole_user(node)
    if plus is None or op_name(plus) != "aten::add" or other_number(plus, node, tensors) != 1:
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
    with graph.inserting_before(last):
        new = graph.call_function(_aten.gelu.default, (x,), {"approximate": approximate})
    last.replace_all_uses_with(new)


def _factors(value: object, x: fx.Node, tensors: Tensors) -> set[str]:
    if value is x:
        return {"x"}
    if number(value, tensors) == 0.5:
        return {"half"}
    halved = isinstance(value, fx.Node) and scaled_by(value, 0.5, tensors) is x
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
    epsilon = other_number(summed, variance, tensors)
    if not (isinstance(mean, fx.Node) and _is_mean(mean, x) and epsilon is not None and _is_mean(variance, None)):
        return
    square = variance.all_input_nodes[0]
    if op_name(square) == "aten::pow" and number(square.args[1], tensors) != 2:
        return
    if op_name(square) not in ("aten::pow", "aten::mul") or {*square.all_input_nodes} - {*stored(square)} != {centred}:
        return
    scaled = sole_user(node)
    weight = other_stored(scaled, node, "aten::mul", tensors)
    shifted = sole_user(scaled) if scaled is not None else None
    bias = other_stored(shifted, scaled, "aten::add", tensors)
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
    weight = other_stored(scaled, back, "aten::mul", tensors)
    shifted = sole_user(scaled) if scaled is not None else None
    bias = other_stored(shifted, scaled, "aten::add", tensors)
    if weight is None or bias is None or shifted is None:
        return
    channels = tensors[str(weight.target)].shape[0]
    fits = all(tensors[str(t.target)].shape == (channels, 1, 1) for t in (weight, bias))
    x = split.args[0]
    if fits and arguments(back)["shape"][1] == channels and ones.numel() == given["num_groups"]:
        with graph.inserting_before(shifted):
            flat = [graph.call_function(_aten.reshape.default, (t, [channels])) for t in (weight, bias)]
        _replace(graph, shifted, _aten.group_norm.default, (x, given["num_groups"], *flat, given["eps"]))


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
    "aten::tanh": _gelu_by_tanh,
    "aten::div": _layer_norm,
    "aten::group_norm": _group_norm,
}
