"""Formulas for sums of contributions: how a unit's relevance is shared out, and what of it no input gets.

Contributions are c_ij = x_i w_ij, a unit's output is y_j = sum_i c_ij + b_j, c+ and c- are those above and below zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, fx

from junco.audit.explain.rules.shares import (
    LINEAR,
    Share,
    divided,
    folded,
    negative,
    positive,
    through,
    weighted,
    whole,
)
from junco.audit.explain.rules.trace import Trace


class Formula(Protocol):
    """A rule for nodes that add contributions up."""

    def __call__(self, trace: Trace, node: fx.Node, signal: Tensor) -> Sequence[Tensor]:
        """Relevance at each source, of relevance ``signal`` at the node's output."""
        ...

    def lost(self, trace: Trace, node: fx.Node, signal: Tensor) -> Tensor:
        """Relevance that no source gets, by the formula rather than by difference; shaped as the output."""
        ...


@dataclass(frozen=True)
class Epsilon:
    """R_i = sum_j c_ij / (y_j + epsilon sign y_j) R_j (Bach et al. 2015, eq. 58).

    Biases and epsilon take their share.
    """

    epsilon: float

    def __call__(self, trace: Trace, node: fx.Node, signal: Tensor) -> Sequence[Tensor]:
        share = whole(trace, node)
        return share.spread(divided(signal, share.total + self._more(share.total)))

    def lost(self, trace: Trace, node: fx.Node, signal: Tensor) -> Tensor:
        """What goes with the bias and with epsilon."""
        y = trace.value(node)
        return divided(signal, y + self._more(y)) * (_bias(trace, node) + self._more(y))

    def _more(self, y: Tensor) -> Tensor:
        return self.epsilon * torch.where(y < 0, -1.0, 1.0).to(y)


@dataclass(frozen=True)
class Gamma:
    """Contributions of the output's own sign, and a bias of that sign, count (1 + gamma) times.

    Montavon et al. 2019 for outputs above zero; Andeol et al. 2021 for both signs. Biases take their share.
    """

    gamma: float

    def __call__(self, trace: Trace, node: fx.Node, signal: Tensor) -> Sequence[Tensor]:
        every = whole(trace, node)
        if trace.anatomy.parts[node].role not in LINEAR:
            return every.spread(divided(signal, every.total))
        up, down, above = positive(trace, node), negative(trace, node), every.total > 0
        scaled = self._scaled(trace, node, signal)
        own = every.spread(scaled), up.spread(self.gamma * scaled * above), down.spread(self.gamma * scaled * ~above)
        return [a + b + c for a, b, c in zip(*own, strict=True)]

    def lost(self, trace: Trace, node: fx.Node, signal: Tensor) -> Tensor:
        """What goes with the bias."""
        bias, above = _bias(trace, node), trace.value(node) > 0
        if trace.anatomy.parts[node].role not in LINEAR:
            return divided(signal, trace.value(node)) * bias
        own = torch.where(above, bias.clamp(min=0), bias.clamp(max=0))
        return self._scaled(trace, node, signal) * (bias + self.gamma * own)

    def _scaled(self, trace: Trace, node: fx.Node, signal: Tensor) -> Tensor:
        y, bias = trace.value(node), _bias(trace, node)
        up, down = positive(trace, node).total + bias.clamp(min=0), negative(trace, node).total + bias.clamp(max=0)
        return divided(signal, y + self.gamma * torch.where(y > 0, up, down))


@dataclass(frozen=True)
class AlphaBeta:
    """R_i = sum_j (alpha c+_ij / sum c+ - beta c-_ij / sum c-) R_j, alpha - beta = 1 (Bach et al. 2015, eq. 60).

    Biases are ignored. Where a unit has contributions of one sign alone they take all of R, so that relevance is
    conserved; what reaches a unit that nothing but its bias drives is lost. beta = 0 is the z+ rule: there negative
    contributions are asked only where they took the output below zero by themselves.
    """

    alpha: float
    beta: float

    def __call__(self, trace: Trace, node: fx.Node, signal: Tensor) -> Sequence[Tensor]:
        up = positive(trace, node)
        below = (up.total <= 0) & (trace.value(node) < 0)
        if not self.beta and not bool((below & (signal != 0)).any()):
            return up.spread(divided(signal, up.total))
        down = negative(trace, node)
        plus = torch.where(down.total < 0, self.alpha, 1.0).to(signal)
        alone = torch.where(below | (self.beta > 0), -1.0, 0.0).to(signal)
        minus = torch.where(up.total > 0, self.beta, alone)
        found = up.spread(divided(plus * signal, up.total)), down.spread(divided(minus * signal, down.total))
        return [a - b for a, b in zip(*found, strict=True)]

    def lost(self, trace: Trace, node: fx.Node, signal: Tensor) -> Tensor:
        """What reaches units without a contribution that the formula would ask."""
        asked = (negative(trace, node).total < 0) & ((trace.value(node) < 0) | (self.beta > 0))
        return signal * ((positive(trace, node).total <= 0) & ~asked)


@dataclass(frozen=True)
class Box:
    """z^B: R_i = sum_j (c_ij - l_i w+_ij - h_i w-_ij) / sum_i (...) R_j (Montavon et al. 2017, eq. 16).

    ``low`` and ``high`` are the ends of what an image may hold, [C, H, W]; both follow the image to the layer. Biases
    are ignored; a unit that every pixel of its window is a corner of the box for hands on nothing.
    """

    low: Tensor
    high: Tensor

    def __call__(self, trace: Trace, node: fx.Node, signal: Tensor) -> Sequence[Tensor]:
        share = self._share(trace, node)
        return share.spread(divided(signal, share.total))

    def lost(self, trace: Trace, node: fx.Node, signal: Tensor) -> Tensor:
        """What reaches units whose window lies in a corner of the box."""
        return signal * (self._share(trace, node).total == 0)

    def _share(self, trace: Trace, node: fx.Node) -> Share:
        chain = trace.anatomy.chains[node]
        source = chain.layer.all_input_nodes[0]
        x, weight = trace.value(source), folded(trace, chain)
        image = trace.value(trace.anatomy.image)
        low, high = (_carried(trace, source, end.expand_as(image)) for end in (self.low, self.high))
        # What a negative scaling before the layer turns round is put right.
        sides = (
            (x, weight),
            (-torch.minimum(low, high), weight.clamp(min=0)),
            (-torch.maximum(low, high), weight.clamp(max=0)),
        )
        parts = [(point, *through(weighted(trace, chain, w), point)) for point, w in sides]
        total = torch.stack([answer for _, answer, _ in parts]).sum(0)
        # Rounding must not make something of nothing.
        scale = torch.stack([answer.abs() for _, answer, _ in parts]).sum(0)
        total = torch.where(total.abs() > 8 * torch.finfo(total.dtype).eps * scale, total, 0)
        return Share(total, lambda signal: (torch.stack([point * back(signal) for point, _, back in parts]).sum(0),))


def _bias(trace: Trace, node: fx.Node) -> Tensor:
    """What of the output is no contribution."""
    if trace.anatomy.parts[node].role in LINEAR:
        return trace.value(node) - positive(trace, node).total - negative(trace, node).total
    share = whole(trace, node)
    (contributed,) = share.spread(torch.ones_like(share.total))
    # One value in, one out: what is spread of a one is the contribution.
    return share.total - contributed


def _carried(trace: Trace, node: fx.Node, image: Tensor) -> Tensor:
    """What the moves and constants before the first layer make of another image."""
    if node is trace.anatomy.image:
        return image
    source = trace.anatomy.parts[node].sources[0]
    return trace.rerun(node, {source: _carried(trace, source, image)})
