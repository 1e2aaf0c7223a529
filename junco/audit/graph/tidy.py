"""Cleaning of a lifted graph before it becomes modules: what does nothing goes, what never varies is computed once."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, fx

from junco.audit.graph.lift import Lifted, holder
from junco.audit.graph.lower import lower
from junco.audit.graph.matrix import as_linear
from junco.audit.graph.observe import observed
from junco.audit.graph.ops import arguments, is_random, op_name
from junco.audit.graph.retrace import Key, place

_COPIES = {"aten::alias", "aten::clone", "aten::contiguous", "aten::lift_fresh", "aten::lift_fresh_copy"}
# These read memory as it lies, and answer otherwise, without a word, where a copy before them is missing.
_LAYOUT_BOUND = ("aten::as_strided", "aten::mkldnn_", "aten::_mkldnn_")
_VIEWS = {"aten::view", "aten::_unsafe_view"}
_SAME = {
    "aten::feature_dropout",
    "aten::alpha_dropout",
    "aten::feature_alpha_dropout",
    "aten::dropout",
    "aten::native_dropout",
}
_CASTS = {"aten::to", "aten::_to_copy", "aten::type_as"}


def tidied(lifted: Lifted, x: Tensor) -> Lifted:
    """``lifted`` without assertions, dropout, copies and idle casts, with constant sub-expressions evaluated."""
    graph = fx.Graph()
    graph.output(graph.graph_copy(lifted.graph, {}))
    _drop(graph, lambda node: "assert" in str(node.target), lambda _: None)
    graph.eliminate_dead_code()
    lower(graph)
    tensors = _folded(graph, dict(lifted.tensors))
    if not any(op_name(node).startswith(_LAYOUT_BOUND) for node in graph.nodes):
        _free_layout(graph)
    _drop(graph, _does_nothing, lambda node: node.args[0])
    _drop_idle_casts(graph, tensors, x)
    as_linear(graph, tensors)
    graph.eliminate_dead_code()
    read = {str(node.target) for node in graph.find_nodes(op="get_attr")}
    return Lifted(graph, {name: tensors[name] for name in tensors if name in read}, lifted.batch, lifted.notes)


def _drop(graph: fx.Graph, unwanted: Callable[[fx.Node], bool], instead: Callable[[fx.Node], Any]) -> None:
    for node in [node for node in graph.nodes if node.op == "call_function" and unwanted(node)]:
        if node.users:
            node.replace_all_uses_with(instead(node))
        graph.erase_node(node)


def _does_nothing(node: fx.Node) -> bool:
    if op_name(node) not in _SAME:
        return False
    given = arguments(node)
    return not (given.get("train") or given.get("training"))


def _free_layout(graph: fx.Graph) -> None:
    """Drop copies that only change how a tensor lies in memory, and let views copy where they then must."""
    _drop(graph, lambda node: op_name(node) in _COPIES, lambda node: node.args[0])
    for node in graph.nodes:
        if op_name(node) in _VIEWS and not isinstance(arguments(node).get("size"), torch.dtype | None):
            node.target = torch.ops.aten.reshape.default


def _drop_idle_casts(graph: fx.Graph, tensors: dict[str, Tensor], x: Tensor) -> None:
    """Drop casts to the type that a tensor has already; they would pin a copy in double precision to float32."""
    casts = [node for node in graph.nodes if op_name(node) in _CASTS]
    if not casts:
        return
    values = observed(fx.GraphModule(holder(tensors), graph), x)
    graph.owning_module = None  # or torch would look there for tensors that are stored under new names later
    types = {node: seen.dtype for node, seen in values.items()}
    idle = [node for node in casts if types[node] == types.get(node.all_input_nodes[0])]
    _drop(graph, lambda node: node in idle, lambda node: node.args[0])


def _folded(graph: fx.Graph, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Evaluate, once, what depends on no input; views of a tensor stay views, so that shared weights stay shared."""
    values: dict[fx.Node, Any] = {}
    for node in graph.nodes:
        if node.op == "get_attr":
            values[node] = tensors[str(node.target)]
        elif _constant(node, values):
            value = _evaluated(node, values)
            if not _spread(node, value, values):
                values[node] = value
    names: dict[Key, str] = {place(tensor): name for name, tensor in tensors.items()}
    for node in [n for n in values if n.op != "get_attr" and any(user not in values for user in n.users)]:
        _store(graph, node, values[node], tensors=tensors, names=names)
    graph.eliminate_dead_code()
    return tensors


def _constant(node: fx.Node, values: dict[fx.Node, Any]) -> bool:
    if node.op != "call_function" or is_random(node):
        return False
    return all(source in values for source in node.all_input_nodes)


def _evaluated(node: fx.Node, values: dict[fx.Node, Any]) -> Any:
    assert callable(node.target)
    with torch.no_grad():
        args, kwargs = fx.node.map_arg((node.args, node.kwargs), lambda n: values[n])
        return node.target(*args, **kwargs)


def _spread(node: fx.Node, value: Any, values: dict[fx.Node, Any]) -> bool:
    """Whether stored numbers were repeated: kept as a copy, each would be randomised by itself."""
    sources = [values[source] for source in node.all_input_nodes]
    floats = [t.numel() for t in sources if isinstance(t, Tensor) and t.is_floating_point() and t.numel() > 1]
    return bool(floats) and isinstance(value, Tensor) and value.is_floating_point() and value.numel() > sum(floats)


def _store(graph: fx.Graph, node: fx.Node, value: Any, *, tensors: dict[str, Tensor], names: dict[Key, str]) -> None:
    if not isinstance(value, Tensor):
        if not isinstance(value, list | tuple):
            node.replace_all_uses_with(value)
        return
    name = names.get(place(value)) or _free_name(node, tensors)
    names.setdefault(place(value), name)
    tensors.setdefault(name, value)
    with graph.inserting_before(node):
        node.replace_all_uses_with(graph.get_attr(name))


def _free_name(node: fx.Node, tensors: dict[str, Tensor]) -> str:
    origin = node
    while origin.op != "get_attr" and origin.all_input_nodes:
        origin = origin.all_input_nodes[0]
    stem = str(origin.target) if origin.op == "get_attr" else f"constant.{node.name}"
    name = stem
    for count in range(2, len(tensors) + 3):
        if name not in tensors:
            return name
        name = f"{stem}_{count}"
    return name
