"""Matrix products with a stored matrix, however they were written, as one form: ``aten::linear``."""

from dataclasses import dataclass

import torch
from torch import Tensor, fx

from junco.audit.graph.ops import arguments, op_name, sole_user
from junco.audit.graph.retrace import place

_RESHAPES = {"aten::view", "aten::reshape", "aten::_unsafe_view"}


@dataclass(frozen=True)
class _Product:
    """``source`` times a stored matrix [inputs, outputs], plus a stored bias."""

    source: fx.Node
    matrix: str
    bias: str | None = None


def as_linear(graph: fx.Graph, tensors: dict[str, Tensor]) -> None:
    """Rewrite products with a stored two-dimensional matrix, spread over a batch or not, and a bias added afterwards.

    Knows ``addmm``, ``mm``, ``matmul`` and ``bmm``.
    """
    for node in list(graph.nodes):
        found = _product(node, tensors)
        if found is not None:
            _rewrite(graph, node, found, tensors=tensors)


def _rewrite(graph: fx.Graph, node: fx.Node, found: _Product, *, tensors: dict[str, Tensor]) -> None:
    bias, addition = found.bias, None
    if bias is None and (then := _bias_addition(node, columns=tensors[found.matrix].shape[1], tensors=tensors)):
        addition, between, bias = then
        addition.replace_all_uses_with(between)
        graph.erase_node(addition)
    weight = _transposed(found.matrix, tensors)
    with graph.inserting_before(node):
        read = [graph.get_attr(name) for name in (weight, bias) if name is not None]
        linear = graph.call_function(torch.ops.aten.linear.default, (found.source, *read))
    node.replace_all_uses_with(linear)
    graph.erase_node(node)


def _product(node: fx.Node, tensors: dict[str, Tensor]) -> _Product | None:
    name = op_name(node)
    if name not in ("aten::addmm", "aten::mm", "aten::matmul", "aten::bmm"):
        return None
    given = arguments(node)
    matrix = _stored(_unspread(given.get("mat2", given.get("other"))))
    if matrix is None or tensors[matrix].dim() != 2:
        return None
    if name != "aten::addmm":
        return _Product(given["self"], matrix) if _stored(given["self"]) is None else None
    bias = _stored(given["self"])
    if bias is None or given["beta"] != 1 or given["alpha"] != 1 or tensors[bias].shape != tensors[matrix].shape[1:]:
        return None
    return _Product(given["mat1"], matrix, bias)


def _unspread(value: object) -> object:
    """What a batch of equal matrices was spread from; ``value`` itself where it is none."""
    if not isinstance(value, fx.Node):
        return value
    spread = value.args[0] if op_name(value) in _RESHAPES else value
    if not isinstance(spread, fx.Node) or op_name(spread) != "aten::expand" or spread.args[1] != value.args[1]:
        return value
    sizes = spread.args[1]
    return spread.args[0] if isinstance(sizes, list | tuple) and len(sizes) == 3 else value


def _bias_addition(node: fx.Node, *, columns: int, tensors: dict[str, Tensor]) -> tuple[fx.Node, fx.Node, str] | None:
    """The addition that alone reads the product, what it reads, and the stored bias of ``columns`` numbers."""
    reader = node
    user = sole_user(node)
    while user is not None and _keeps_columns(user, columns):
        reader, user = user, sole_user(user)
    if user is None or op_name(user) != "aten::add":
        return None
    given = arguments(user)
    bias = _stored(given["other"] if given["self"] is reader else given["self"])
    if bias is None or given["alpha"] != 1 or tuple(tensors[bias].shape) != (columns,):
        return None
    return user, reader, bias


def _keeps_columns(node: fx.Node, columns: int) -> bool:
    if op_name(node) not in _RESHAPES:
        return False
    sizes = node.args[1] if len(node.args) > 1 else None
    return isinstance(sizes, list | tuple) and len(sizes) > 1 and sizes[-1] == columns


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
