"""Excitation Backprop: P_i = sum_j a_i w+_ij / sum_i a_i w+_ij P_j, P = 1 at the target, read at a hidden layer.

Zhang et al., Top-Down Neural Attention by Excitation Backprop, 2016: marginal winning probabilities. [n, 1, h, w], not
negative, summed over the layer's channels; sums to 1 where all paths lead through the layer. Read at the input it would
be LRP-z+ with another beginning, and images are not the non-negative activations that the paper speaks of. Cost: about
3 gradient passes, shared with lrp_z_plus.
"""

from torch import Tensor, fx

from junco.audit.explain.layers import layer_of
from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import method
from junco.audit.explain.rules.formulas import AlphaBeta
from junco.audit.explain.rules.laws import NOT_NEGATIVE
from junco.audit.explain.rules.passage import Traced, carried
from junco.audit.explain.rules.relevance import Rules, relevance
from junco.audit.explain.rules.trace import Trace, Way
from junco.audit.model import Canonical
from junco.contract.catalogue import ExcitationParameters, LayerParameters, Method

_RULES = Rules(AlphaBeta(1, 0))

_PART = 8
"""The default layer keeps this part of the image's side, as pool4 of VGG16 and the paper's GoogLeNet layer about do."""


def _refuses(model: Canonical, parameters: ExcitationParameters) -> str | None:
    if not model.spatial:
        return "the model has no layer whose output is an image"
    if parameters.layer is not None:
        layer_of(model, LayerParameters(layer=parameters.layer))
    return NOT_NEGATIVE.refusal(model)


def _way(run: Pass, parameters: ExcitationParameters) -> Way:
    def back(trace: Trace, weights: Tensor) -> Tensor:
        return relevance(trace, weights, _RULES, until=_layer(trace, run.model, parameters))

    return back


@method(Method.EXCITATION_BACKPROP, refuses=_refuses, way=_way)
def excitation_backprop(run: Pass, parameters: ExcitationParameters) -> Tensor:
    """The probability that a winner, drawn unit by unit from the target down, comes by each place."""
    way = _way(run, parameters)

    def carry(part: Traced) -> Tensor:
        return way(part.trace, part.chosen).sum(dim=1, keepdim=True)

    return carried(run, carry)


def _layer(trace: Trace, model: Canonical, parameters: ExcitationParameters) -> fx.Node:
    """The node that the parameters name, or the last one that keeps enough of the image's side.

    A layer that a BatchNorm is part of is read behind it.
    """
    nodes = {str(n.target): n for n in trace.anatomy.nodes if n.op == "call_module"}
    side = min(model.input_shape[1:])
    if parameters.layer is not None:
        node = nodes[parameters.layer]
    else:
        maps = [nodes[name] for name in model.spatial if name in nodes and trace.value(nodes[name]).dim() == 4]
        large = [n for n in maps if _PART * min(trace.value(n).shape[2:]) >= side]
        node = (large or maps)[-1]
    return next((c.last for c in trace.anatomy.chains.values() if node in (c.layer, c.offset)), node)
