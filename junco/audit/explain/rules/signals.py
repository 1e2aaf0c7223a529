"""The gradient, and the gradient with other laws at some nodes: at ReLUs, or patterns' at layers."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, fx

from junco.audit.explain.rules.shares import slopes, through, weighted
from junco.audit.explain.rules.trace import Trace, walk

_RELU = ("ReLU", "relu")


def differentiated(trace: Trace, start: Tensor) -> Tensor:
    """The chain rule, node by node."""
    return walk(trace, start, lambda node, signal: slopes(trace, node, signal))


def guided(trace: Trace, start: Tensor) -> Tensor:
    """R_in = 1{z > 0} max(R_out, 0) at every ReLU; the gradient elsewhere (Springenberg et al. 2014)."""

    def back(node: fx.Node, signal: Tensor) -> Sequence[Tensor]:
        cut = trace.anatomy.parts[node].name in _RELU
        return slopes(trace, node, torch.relu(signal) if cut else signal)

    return walk(trace, start, back)


def deconvolved(trace: Trace, start: Tensor) -> Tensor:
    """R_in = max(R_out, 0) at every ReLU, whatever came in; the gradient elsewhere (Zeiler and Fergus 2014)."""

    def back(node: fx.Node, signal: Tensor) -> Sequence[Tensor]:
        if trace.anatomy.parts[node].name in _RELU:
            return (torch.relu(signal),)
        return slopes(trace, node, signal)

    return walk(trace, start, back)


def projected(trace: Trace, start: Tensor, weights: Mapping[fx.Node, Tensor]) -> Tensor:
    """The gradient of a network whose layers had ``weights``, with the ReLUs and maxima of this one.

    Up to a positive factor for each image.
    """

    def back(node: fx.Node, signal: Tensor) -> Sequence[Tensor]:
        chain = trace.anatomy.chains.get(node)
        if chain is None:
            return slopes(trace, node, signal)
        source = trace.value(chain.layer.all_input_nodes[0])
        _, transposed = through(weighted(trace, chain, weights[node]), source)
        return (transposed(signal),)

    return walk(trace, start, back, steady=True)
