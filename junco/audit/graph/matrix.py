"""Matrix products with a stored matrix, however they were written, as one form: ``aten::linear``."""

import torch
from torch import Tensor, fx

from junco.audit.graph.ops import arguments, op_name, sole_user
from junco.audit.graph.retrace import place


def as_linear(graph: fx.Graph, tensors: dict[str, Tensor]) -> None:
    """Rewrite ``addmm``, ``mm`` and ``matmul`` with a stored two-dimensional matrix, and a bias added afterwards."""
    for node in list(graph.nodes):
        found = _product(node, tensors)
        if found is None:
            continue
        source, matrix, bias = found
        last = node
        if bias is None and (addition := _bias_addition(node, columns=tensors[matrix].shape[1], tensors=tensors)):
            last, bias = addition
        _replace(graph, last, source=source, weight=_transposed(matrix, tensors), bias=bias)
        if last is not node:
            graph.erase_node(node)


def _product(node: fx.Node, tensors: dict[str, Tensor]) -> tuple[fx.Node, str, str | None] | None:
    name = op_name(node)
    if name not in ("aten::addmm", "aten::mm", "aten::matmul"):
        return None
    given = arguments(node)
    matrix = _stored(given.get("mat2", given.get("other")))
    if matrix is None or tensors[matrix].dim() != 2:
        return None
    if name != "aten::addmm":
        return (given["self"], matrix, None) if _stored(given["self"]) is None else None
    bias = _stored(given["self"])
    if bias is None or given["beta"] != 1 or given["alpha"] != 1 or tensors[bias].shape != tensors[matrix].shape[1:]:
        return None
    return given["mat1"], matrix, bias


def _bias_addition(node: fx.Node, *, columns: int, tensors: dict[str, Tensor]) -> tuple[fx.Node, str] | None:
    user = sole_user(node)
    if user is None or op_name(user) != "aten::add":
        return None
    given = arguments(user)
    bias = _stored(given["other"] if given["self"] is node else given["self"])
    if bias is None or given["alpha"] != 1 or tuple(tensors[bias].shape) != (columns,):
        return None
    return user, bias


def _stored(value: object) -> str | None:
    return str(value.target) if isinstance(value, fx.Node) and value.op == "get_attr" else None


def _transposed(name: str, tensors: dict[str, Tensor]) -> str:
    """Name of the stored tensor that is ``name`` transposed: the file's own, where the program turned one round."""
    turned = tensors[name].t()
    for other, tensor in tensors.items():
        if place(tensor) == place(turned):
            return other
    tensors[f"{name}_t"] = turned
    return f"{name}_t"


def _replace(graph: fx.Graph, node: fx.Node, *, source: fx.Node, weight: str, bias: str | None) -> None:
    with graph.inserting_before(node):
        read = [graph.get_attr(name) for name in (weight, bias) if name is not None]
        linear = graph.call_function(torch.ops.aten.linear.default, (source, *read))
    node.replace_all_uses_with(linear)
    graph.erase_node(node)
