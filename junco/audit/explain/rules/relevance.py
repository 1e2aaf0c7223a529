"""Relevance: the logit shared out among the inputs, node by node (Bach et al. 2015, Montavon et al. 2017, 2019).

Nodes that add contributions up have a formula; the rest is common to all formulas. Relevance goes unchanged through
activations (Bach et al. 2015, eq. 51; Achtibat et al. 2024), to the winner of a maximum, with the value where values
move, to the signal and not to its gate (Arras et al. 2019), to the values and not to the weights of an attention, and
through norms as if their deviation were a constant (both Ali et al. 2022).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, fx

from junco.audit.explain.rules.formulas import Formula
from junco.audit.explain.rules.roles import Role
from junco.audit.explain.rules.shares import LINEAR
from junco.audit.explain.rules.trace import Trace, Way, walk
from junco.contract.catalogue import RelevanceParameters


@dataclass(frozen=True)
class Rules:
    """A formula for all sums, and another for the layers that the image meets first.

    ``biased``: constants added to a value, and norms, take their share by the formula too; else relevance ignores them.
    """

    formula: Formula
    first: Formula | None = None
    biased: bool = False

    def of(self, trace: Trace, node: fx.Node) -> Formula | None:
        """The node's formula, None where relevance passes without one."""
        role = trace.anatomy.parts[node].role
        if role in LINEAR:
            return self.first if self.first and node in trace.anatomy.first else self.formula
        return self.formula if self.biased and role in (Role.OFFSET, Role.NORM) else None


def relevance(trace: Trace, start: Tensor, rules: Rules, *, until: fx.Node | None = None) -> Tensor:
    """Relevance at the image, or at the output of ``until``, of ``start`` [n, classes] at the logits."""
    return walk(trace, start, lambda node, signal: _back(trace, node, signal, rules), until=until)


def way_of(rules: Rules, parameters: RelevanceParameters) -> Way:
    """The way back by ``rules``, from logits or from ones."""

    def back(trace: Trace, weights: Tensor) -> Tensor:
        scaled = parameters.start == "logit"
        return relevance(trace, weights * trace.value(trace.anatomy.answer) if scaled else weights, rules)

    return back


def absorbed(trace: Trace, start: Tensor, rules: Rules) -> Tensor:
    """What of ``start`` reaches no input, [n], by the formulas: biases, epsilon, constants, units without input."""
    if trace.images_first:
        return _absorbed(trace, start, rules, _sums)
    # Sums over all images are known at every node: one image after the other has a start, and the rest have none.
    alone = (start * (torch.arange(len(start), device=start.device) == i)[:, None] for i in range(len(start)))
    return torch.stack([_absorbed(trace, one, rules, torch.sum) for one in alone])


def _absorbed(trace: Trace, start: Tensor, rules: Rules, sums: Callable[[Tensor], Tensor]) -> Tensor:
    total = sums(torch.zeros_like(start))

    def back(node: fx.Node, signal: Tensor) -> Sequence[Tensor]:
        nonlocal total
        found, formula = _back(trace, node, signal, rules), rules.of(trace, node)
        if formula is not None and trace.anatomy.parts[node].role is not Role.NORM:
            total = total + sums(formula.lost(trace, node, signal))
        else:
            total = total + sums(signal) - torch.stack([sums(piece) for piece in found]).sum(0)
        return found

    walk(trace, start, back)
    return total


def _back(trace: Trace, node: fx.Node, signal: Tensor, rules: Rules) -> Sequence[Tensor]:
    formula = rules.of(trace, node) or _PASSED[trace.anatomy.parts[node].role]
    return formula(trace, node, signal)


def _sums(values: Tensor) -> Tensor:
    return values.flatten(1).sum(1)


def _unchanged(_trace: Trace, _node: fx.Node, signal: Tensor) -> Sequence[Tensor]:
    return (signal,)


def _moved(trace: Trace, node: fx.Node, signal: Tensor) -> Sequence[Tensor]:
    return trace.pull(node, signal, *trace.anatomy.parts[node].sources)


def _scaled(trace: Trace, node: fx.Node, signal: Tensor) -> Sequence[Tensor]:
    """One value in, one out, which may be broadcast: each copy's relevance comes back to what was copied."""
    return (signal.sum_to_size(trace.value(trace.anatomy.parts[node].sources[0]).shape),)


_PASSED: dict[Role, Callable[[Trace, fx.Node, Tensor], Sequence[Tensor]]] = {
    Role.ACTIVATION: _unchanged,
    Role.SCALE: _scaled,
    Role.OFFSET: _scaled,
    Role.MOVE: _moved,
    Role.MAX: _moved,
    Role.GATE: _scaled,
}
