"""The end of the graph: one row of logits an image, with a closing softmax cut off."""

import torch
from torch import fx

from junco.audit.graph.lift import Lifted
from junco.audit.graph.observe import Seen
from junco.audit.graph.ops import arguments, op_name

_SHAPE_ONLY = {
    "aten::view",
    "aten::reshape",
    "aten::_unsafe_view",
    "aten::flatten",
    "aten::squeeze",
    "aten::unsqueeze",
    "aten::to",
    "aten::_to_copy",
}
_SOFTMAX = {
    "aten::softmax": "softmax",
    "aten::_softmax": "softmax",
    "aten::special_softmax": "softmax",
    "aten::log_softmax": "log_softmax",
    "aten::_log_softmax": "log_softmax",
    "aten::special_log_softmax": "log_softmax",
}


def flatten_output(graph: fx.Graph, seen: Seen) -> None:
    """Make [n, classes, 1, 1] answers [n, classes]."""
    if len(seen.shape) == 2:
        return
    output = graph.output_node()
    (answer,) = output.all_input_nodes
    with graph.inserting_before(output):
        output.args = (graph.call_function(torch.ops.aten.flatten.using_ints, (answer, 1)),)


def cut_softmax(lifted: Lifted, seen: dict[fx.Node, Seen]) -> str | None:
    """Take a closing softmax or log-softmax over the classes out of the graph; say which it was.

    Reshapes between it and the output stay.
    """
    output = lifted.graph.output_node()
    node, reader = output.all_input_nodes[0], output
    while op_name(node) in _SHAPE_ONLY:
        node, reader = node.all_input_nodes[0], node
    taken = op_name(node) == "aten::log" and op_name(node.all_input_nodes[0]) in _SOFTMAX
    softmax = node.all_input_nodes[0] if taken else node
    kind = _SOFTMAX.get(op_name(softmax))
    if kind is None or not _over_classes(softmax, seen[softmax].shape):
        return None
    reader.replace_input_with(node, softmax.all_input_nodes[0])
    lifted.graph.eliminate_dead_code()
    return "log_softmax" if taken else kind


def _over_classes(softmax: fx.Node, shape: tuple[int, ...]) -> bool:
    """Whether the normalised dimension is the only one besides the batch that has more than one place."""
    dimension = int(arguments(softmax)["dim"]) % len(shape)
    return dimension != 0 and all(size == 1 for place, size in enumerate(shape) if place not in (0, dimension))
