"""The fallback for programs that torch's converter refuses: record what runs on an example.

Recording bakes sizes in, the batch size with them. Two recordings at different batch sizes show which numbers are the
batch, so that they can be read from the input instead.
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, fx
from torch.fx.experimental.proxy_tensor import make_fx

from junco.audit.graph.ops import mutates

Traced = tuple[fx.Graph, dict[str, Tensor]]
Key = tuple[int, int, tuple[int, ...], tuple[int, ...]]


def retrace(answer: Callable[[Tensor], Tensor], x: Tensor, names: Mapping[str, Tensor]) -> Traced:
    """The graph that ``answer`` ran on ``x``, its tensors named as in ``names`` where they are the same memory."""
    module = _recorded(answer, x)
    if any(mutates(node) for node in module.graph.nodes):
        module = make_fx(torch.func.functionalize(module))(x)
    return named(module, names)


def named(module: fx.GraphModule, names: Mapping[str, Tensor]) -> Traced:
    """What was recorded as a plain graph, its tensors named as in ``names`` where they are the same memory."""
    known = {place(tensor): name for name, tensor in reversed(list(names.items()))}
    tensors: dict[str, Tensor] = {}
    for node in module.graph.find_nodes(op="get_attr"):
        tensor = getattr(module, str(node.target))
        node.target = known.get(place(tensor), f"constant.{node.target}")
        tensors[str(node.target)] = tensor
    graph = fx.Graph()
    graph.output(graph.graph_copy(module.graph, {}))
    return graph, tensors


def retrace_any_batch(answer: Callable[[Tensor], Tensor], x: Tensor, names: Mapping[str, Tensor]) -> Traced:
    """As ``retrace``, with a free batch size.

    Raises ``NotImplementedError`` when two batch sizes run different graphs.
    """
    # Neither 4 * 3 + 1 nor its double is a size that a network has by itself, so what differs is the batch.
    small, large = _resized(x, 13), _resized(x, 26)
    graph, tensors = retrace(answer, small, names)
    other, _ = retrace(answer, large, names)
    if not alike(graph, other) or not free_batch(graph, other, sizes=(13, 26)):
        raise NotImplementedError("the program takes another course for other batch sizes")
    return graph, tensors


def place(tensor: Tensor) -> Key:
    """Where a tensor lies in memory and how: equal for two names of one tensor."""
    return tensor.untyped_storage().data_ptr(), int(tensor.storage_offset()), tuple(tensor.shape), tensor.stride()


def _recorded(answer: Callable[[Tensor], Tensor], x: Tensor) -> fx.GraphModule:
    def function(x: Tensor) -> Tensor:  # make_fx counts a bound method's self as an argument
        return answer(x)

    # Without optimisation the interpreter inserts no detach of its own, which would cut gradients; an input that
    # wants gradients keeps attention off its fused inference path, which has none.
    with torch.jit._fuser.optimized_execution(False), torch.enable_grad():
        return make_fx(function)(x.detach().clone().requires_grad_())


def _resized(x: Tensor, batch: int) -> Tensor:
    return x.repeat(-(-batch // len(x)), 1, 1, 1)[:batch]


def alike(graph: fx.Graph, other: fx.Graph) -> bool:
    """Whether two graphs make the same calls, arguments apart."""
    if len(graph.nodes) != len(other.nodes):
        return False
    return all(a.op == b.op and a.target == b.target for a, b in zip(graph.nodes, other.nodes, strict=True))


def free_batch(graph: fx.Graph, other: fx.Graph, *, sizes: tuple[int, int]) -> bool:
    """Replace every number that grows with the batch by a multiple of the input's batch size."""
    source = next(iter(graph.find_nodes(op="placeholder")))
    with graph.inserting_after(source):
        batch = graph.call_function(torch.ops.aten.sym_size.int, (source, 0))
    pairs = zip([n for n in graph.nodes if n is not batch], other.nodes, strict=True)
    return all(_freed(graph, node, twin, batch=batch, sizes=sizes) for node, twin in pairs)


def _freed(graph: fx.Graph, node: fx.Node, twin: fx.Node, *, batch: fx.Node, sizes: tuple[int, int]) -> bool:
    fitted = True

    def fit(here: Any, there: Any) -> Any:
        nonlocal fitted
        if isinstance(here, fx.Node) or here == there:
            return here
        if isinstance(here, list | tuple) and isinstance(there, list | tuple) and len(here) == len(there):
            return type(here)(fit(a, b) for a, b in zip(here, there, strict=True))
        if isinstance(here, int) and here % sizes[0] == 0 and there == here // sizes[0] * sizes[1]:
            times = here // sizes[0]
            with graph.inserting_before(node):
                return batch if times == 1 else graph.call_function(operator.mul, (batch, times))
        fitted = False
        return here

    node.args = tuple(fit(a, b) for a, b in zip(node.args, twin.args, strict=True))
    node.kwargs = {name: fit(value, twin.kwargs.get(name)) for name, value in node.kwargs.items()}
    return fitted
