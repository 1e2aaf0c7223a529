"""DeepLIFT's RevealCancel rule: what speaks for a unit and what speaks against it go through its activation apart.

Shrikumar et al. 2017, 3.5. A unit that adds contributions up has dy+ = sum of (w_i dx_i)+ and dy- = sum of (w_i dx_i)-.
Behind an activation f the former's multiplier is m+ = m (f(d+) - f(0) + f(d+ + d-) - f(d-)) / 2 d+, where d+ and d- are
counted from the reference, and m- likewise. An input with w_i dx_i above zero then gets w_i m+, with one below zero
w_i m-, else their mean. Moves carry both sides; all else differs from the reference to one side at each place, where
the rule is Rescale's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, fx

from junco.audit.explain.rules.multipliers import quotient, rescaled
from junco.audit.explain.rules.roles import Role
from junco.audit.explain.rules.shares import folded, through, weighted
from junco.audit.explain.rules.trace import Trace, walk

Sides = tuple[Tensor, Tensor]
"""What is above zero, what is below."""


def revealed(trace: Trace, reference: Trace, start: Tensor) -> Tensor:
    """Multipliers at the image [n, C, H, W], of logits weighted by ``start`` [n, classes]."""
    return walk(trace, start, _Reveal(trace, reference).back)


@dataclass
class _Reveal:
    """``excess``: by how much the multiplier of what speaks against a node exceeds that of what speaks for it."""

    trace: Trace
    reference: Trace
    excess: dict[fx.Node, Tensor] = field(default_factory=dict)

    def back(self, node: fx.Node, signal: Tensor) -> Sequence[Tensor]:
        """Multipliers at a node's sources of what speaks for them; those of what speaks against are kept by excess."""
        part, excess = self.trace.anatomy.parts[node], self.excess.pop(node, None)
        if part.role is Role.ACTIVATION and self._sided(part.sources[0]):
            return (self._activation(node, signal),)
        if excess is None:
            return rescaled(self.trace, self.reference, node, signal)
        rule = {Role.LAYER: self._layer, Role.SUM: self._sum, Role.MOVE: self._move}[part.role]
        return rule(node, signal, excess)

    def _activation(self, node: fx.Node, signal: Tensor) -> Tensor:
        (source,) = self.trace.anatomy.parts[node].sources
        (up, down), origin = self._sides(source), self.reference.value(source)
        start, end = self.reference.value(node), self.trace.value(node)
        at_up, at_down = (self.trace.rerun(node, {source: origin + side}) for side in (up, down))
        (slope,) = self.trace.pull(node, signal, source)
        above = quotient(signal, (at_up - start + end - at_down) / 2, up, slope)
        self._keep(source, quotient(signal, (at_down - start + end - at_up) / 2, down, slope) - above)
        return above

    def _layer(self, node: fx.Node, above: Tensor, excess: Tensor) -> Sequence[Tensor]:
        (moved,), below = self._contributions(node), above + excess
        up, down = (through(half, moved)[1] for half in self._halves(node))
        share = _below(moved)
        return ((1 - share) * (up(above) + down(below)) + share * (up(below) + down(above)),)

    def _sum(self, node: fx.Node, above: Tensor, excess: Tensor) -> Sequence[Tensor]:
        sources = self.trace.anatomy.parts[node].sources
        found = self.trace.pull(node, above, *sources), self.trace.pull(node, excess, *sources)
        return [a + e * _below(c) for a, e, c in zip(*found, self._contributions(node), strict=True)]

    def _move(self, node: fx.Node, above: Tensor, excess: Tensor) -> Sequence[Tensor]:
        sources = self.trace.anatomy.parts[node].sources
        found = list(self.trace.pull(node, above, *sources))
        for k, (source, piece) in enumerate(zip(sources, self.trace.pull(node, excess, *sources), strict=True)):
            if self._sided(source):
                self._keep(source, piece)
            else:
                found[k] = found[k] + piece * _below(self._difference(source))
        return found

    def _keep(self, node: fx.Node, excess: Tensor) -> None:
        self.excess[node] = self.excess[node] + excess if node in self.excess else excess

    def _sided(self, node: fx.Node) -> bool:
        """Whether one place of a node can have both sides: it adds up, or moves what does."""
        part = self.trace.anatomy.parts[node]
        return part.role in (Role.LAYER, Role.SUM) or (part.role is Role.MOVE and any(map(self._sided, part.sources)))

    def _sides(self, node: fx.Node) -> Sides:
        """What speaks for a node's value and against it, compared with the reference."""
        part = self.trace.anatomy.parts[node]
        if part.role is Role.LAYER:
            (moved,), (more, less) = self._contributions(node), self._halves(node)
            up, down = _signs(moved)
            return more(up) + less(down), more(down) + less(up)
        if part.role is Role.SUM:
            pairs = [_signs(c) for c in self._contributions(node)]
            return self._made(node, pairs, self._orientation(node))
        if part.role is Role.MOVE:
            return self._made(node, [self._sides(source) for source in part.sources], [1] * len(part.sources))
        return _signs(self._difference(node))

    def _made(self, node: fx.Node, pairs: Sequence[Sides], signs: Sequence[int]) -> Sides:
        """What a linear node makes of both sides of its sources, without what constants add."""
        sources = self.trace.anatomy.parts[node].sources
        nothing = self.trace.rerun(node, {s: torch.zeros_like(self.trace.value(s)) for s in sources})
        up, down = (
            self.trace.rerun(node, {s: sign * side for s, sign, side in zip(sources, signs, sides, strict=True)})
            for sides in zip(*pairs, strict=True)
        )
        return up - nothing, down - nothing

    def _contributions(self, node: fx.Node) -> list[Tensor]:
        """What each source's difference counts for, up to a positive weight; a layer's as it comes."""
        sources = self.trace.anatomy.parts[node].sources
        return [sign * self._difference(s) for s, sign in zip(sources, self._orientation(node), strict=True)]

    def _orientation(self, node: fx.Node) -> list[int]:
        part = self.trace.anatomy.parts[node]
        return [-1 if k and part.name == "sub" else 1 for k in range(len(part.sources))]

    def _difference(self, node: fx.Node) -> Tensor:
        return self.trace.value(node) - self.reference.value(node)

    def _halves(self, node: fx.Node) -> tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]:
        """A layer with its positive weights alone, and with its negative ones."""
        chain = self.trace.anatomy.chains[node]
        weight = folded(self.trace, chain)
        return weighted(self.trace, chain, weight.clamp(min=0)), weighted(self.trace, chain, weight.clamp(max=0))


def _signs(values: Tensor) -> Sides:
    return values.clamp(min=0), values.clamp(max=0)


def _below(values: Tensor) -> Tensor:
    """1 below zero, 0 above, a half at it."""
    return (1 - values.sign()) / 2
