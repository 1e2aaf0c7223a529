"""DeepLIFT's Rescale rule: multipliers m with sum over inputs of m_i (x_i - x0_i) = z_c(x) - z_c(x0).

Shrikumar et al., Learning Important Features Through Propagating Activation Differences, 2017. Linear nodes hand on by
the chain rule, activations by the quotient of differences. A maximum shares what its output gained among the places
that held it at x and at the reference x0, evenly where several did; a product gives each factor the mean of the other,
which is exact.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, fx

from junco.audit.explain.rules.roles import Role
from junco.audit.explain.rules.shares import slopes
from junco.audit.explain.rules.ties import held
from junco.audit.explain.rules.trace import Trace, walk

NEGLIGIBLE = 1e-10
"""Differences below this have the slope for a quotient, as in Captum."""


def multipliers(trace: Trace, reference: Trace, start: Tensor) -> Tensor:
    """Multipliers at the image [n, C, H, W], of logits weighted by ``start`` [n, classes]."""

    return walk(trace, start, lambda node, signal: rescaled(trace, reference, node, signal))


def rescaled(trace: Trace, reference: Trace, node: fx.Node, signal: Tensor) -> Sequence[Tensor]:
    """Multipliers at a node's sources, of ``signal`` at its output."""
    role = trace.anatomy.parts[node].role
    if role is Role.ACTIVATION:
        return (_activation(trace, reference, node, signal),)
    if role is Role.MAX:
        return (_maximum(trace, reference, node, signal),)
    if role in (Role.GATE, Role.PRODUCT):
        return _product(trace, reference, node, signal)
    return slopes(trace, node, signal)


def quotient(signal: Tensor, gained: Tensor, moved: Tensor, slope: Tensor) -> Tensor:
    """signal * gained / moved, and ``slope`` where next to nothing moved."""
    small = moved.abs() < NEGLIGIBLE
    return torch.where(small, slope, signal * gained / torch.where(small, 1, moved))


def _activation(trace: Trace, reference: Trace, node: fx.Node, signal: Tensor) -> Tensor:
    (source,) = trace.anatomy.parts[node].sources
    moved = trace.value(source) - reference.value(source)
    gained = trace.value(node) - reference.value(node)
    (slope,) = trace.pull(node, signal, source)
    return quotient(signal, gained, moved, slope)


def _maximum(trace: Trace, reference: Trace, node: fx.Node, signal: Tensor) -> Tensor:
    (source,) = trace.anatomy.parts[node].sources
    moved = trace.value(source) - reference.value(source)
    here, there = trace.value(node), reference.value(node)
    most = torch.maximum(here, there)
    up, down = held(trace, node, signal * (most - there)), held(reference, node, signal * (here - most))
    (slope,) = trace.pull(node, signal, source)
    small = moved.abs() < NEGLIGIBLE
    return torch.where(small, slope, (up + down) / torch.where(small, 1, moved))


def _product(trace: Trace, reference: Trace, node: fx.Node, signal: Tensor) -> tuple[Tensor, ...]:
    values = [(trace.value(s), (trace.value(s) + reference.value(s)) / 2) for s in trace.anatomy.parts[node].sources]
    (left, half_left), (right, half_right) = values
    return (signal * half_right).sum_to_size(left.shape), (signal * half_left).sum_to_size(right.shape)
