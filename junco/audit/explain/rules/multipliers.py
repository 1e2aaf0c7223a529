"""DeepLIFT's Rescale rule: multipliers m with sum over inputs of m_i (x_i - x0_i) = z_c(x) - z_c(x0).

Shrikumar et al., Learning Important Features Through Propagating Activation Differences, 2017. Linear nodes hand on by
the chain rule, activations by the quotient of differences. A maximum shares what its output gained among the places
that held it at x and at the reference x0; a product gives each factor the mean of the other, which is exact.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, fx

from junco.audit.explain.rules.roles import Role
from junco.audit.explain.rules.shares import slopes
from junco.audit.explain.rules.trace import Trace, walk

NEGLIGIBLE = 1e-10
"""Differences below this have the slope for a quotient, as in Captum."""


def multipliers(trace: Trace, reference: Trace, start: Tensor) -> Tensor:
    """Multipliers at the image [n, C, H, W], of logits weighted by ``start`` [n, classes]."""

    def back(node: fx.Node, signal: Tensor) -> Sequence[Tensor]:
        role = trace.anatomy.parts[node].role
        if role is Role.ACTIVATION:
            return (_quotient(trace, reference, node, signal),)
        if role is Role.MAX:
            return (_maximum(trace, reference, node, signal),)
        if role in (Role.GATE, Role.PRODUCT):
            return _product(trace, reference, node, signal)
        return slopes(trace, node, signal)

    return walk(trace, start, back)


def _quotient(trace: Trace, reference: Trace, node: fx.Node, signal: Tensor) -> Tensor:
    (source,) = trace.anatomy.parts[node].sources
    moved = trace.value(source) - reference.value(source)
    gained = trace.value(node) - reference.value(node)
    (slope,) = trace.pull(node, signal, source)
    small = moved.abs() < NEGLIGIBLE
    return torch.where(small, slope, signal * gained / torch.where(small, 1, moved))


def _maximum(trace: Trace, reference: Trace, node: fx.Node, signal: Tensor) -> Tensor:
    (source,) = trace.anatomy.parts[node].sources
    moved = trace.value(source) - reference.value(source)
    here, there = trace.value(node), reference.value(node)
    most = torch.maximum(here, there)
    (up,), (down,) = (
        trace.pull(node, signal * (most - there), source),
        reference.pull(node, signal * (here - most), source),
    )
    (slope,) = trace.pull(node, signal, source)
    small = moved.abs() < NEGLIGIBLE
    return torch.where(small, slope, (up + down) / torch.where(small, 1, moved))


def _product(trace: Trace, reference: Trace, node: fx.Node, signal: Tensor) -> tuple[Tensor, ...]:
    values = [(trace.value(s), (trace.value(s) + reference.value(s)) / 2) for s in trace.anatomy.parts[node].sources]
    (left, half_left), (right, half_right) = values
    return (signal * half_right).sum_to_size(left.shape), (signal * half_left).sum_to_size(right.shape)
