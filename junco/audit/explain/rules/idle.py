"""Rules that must have acted, and whether the map shows it."""

from collections.abc import Sequence

import torch
from torch import Tensor, fx

from junco.audit.explain.passes import Pass
from junco.audit.explain.rules.passage import Traced, carried
from junco.audit.explain.rules.shares import folded, slopes
from junco.audit.explain.rules.trace import walk
from junco.contract.catalogue import Method

BY_SIGN = (Method.LRP_Z_PLUS, Method.LRP_ALPHA2_BETA1, Method.DEEP_TAYLOR)
"""Rules that treat contributions by their sign."""


def idle(run: Pass, name: object, maps: Tensor) -> str | None:
    """Why the map cannot be the method's, or None: the rule had something to do, and the map is the chain rule's."""
    if name is Method.DECONVOLUTION and torch.equal(maps, run.gradient) and _turned(run):
        return "Deconvolution changed signals at ReLUs, and yet the map is the plain gradient"
    if name in BY_SIGN and torch.allclose(maps, run.x * run.gradient) and _both_signs(run):
        return "weights of both signs met a rule that parts them, and yet the map is Input x Gradient"
    return None


def _turned(run: Pass) -> bool:
    """Whether at any ReLU what Deconvolution sends back differs from what the gradient does."""
    return bool(carried(run, _turns).any())


def _turns(part: Traced) -> Tensor:
    """Whether any ReLU turned a signal of any image, [n]."""
    trace, found = part.trace, False

    def back(node: fx.Node, signal: Tensor) -> Sequence[Tensor]:
        nonlocal found
        plain = slopes(trace, node, signal)
        if trace.anatomy.parts[node].name not in ("ReLU", "relu"):
            return plain
        found = found or bool((plain[0] != torch.relu(signal)).any())
        return (torch.relu(signal),)

    walk(trace, part.chosen, back)
    return torch.full((len(part.targets),), found)


def _both_signs(run: Pass) -> bool:
    return bool(carried(run, _signs).all())


def _signs(part: Traced) -> Tensor:
    weights = [folded(part.trace, chain) for chain in part.trace.anatomy.chains.values()]
    both = any(bool((w > 0).any()) and bool((w < 0).any()) for w in weights)
    return torch.full((len(part.targets),), both)
