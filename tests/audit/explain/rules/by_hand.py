"""Rules by explicit matrices and loops, on networks of layers in a row: written from the papers, without autograd.

Each layer becomes a dense matrix by what it answers to unit vectors; relevance goes back one unit at a time.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Array = NDArray[np.float64]
Share = Callable[[Array, Array, Array, float], Array]
"""Contributions [inputs], inputs, weights [inputs], bias of one unit to the parts [inputs] of its relevance."""


@dataclass(frozen=True)
class Dense:
    """y = W x + b over flattened values, and the shape of y."""

    weight: Array
    bias: Array
    shape: tuple[int, ...]


def dense(layers: list[nn.Module], shape: tuple[int, ...]) -> Dense:
    """Linear layers in a row as one matrix."""
    run = nn.Sequential(*layers)
    with torch.no_grad():
        zero = run(torch.zeros(1, *shape, dtype=torch.float64))
        unit = torch.eye(int(np.prod(shape)), dtype=torch.float64).reshape(-1, *shape)
        columns = (run(unit) - zero).flatten(1)
    return Dense(columns.T.numpy(), zero.flatten().numpy(), tuple(zero.shape[1:]))


def back(layers: list[list[nn.Module]], x: Tensor, target: int, shares: list[Share], *, start: float | None) -> Array:
    """Relevance at the flattened image ``x`` of the target's logit; each group of layers is followed by a ReLU, but
    for the last. ``shares`` has a rule for each group."""
    value, shape = x.double().flatten().numpy(), tuple(x.shape)
    seen: list[tuple[Dense, Array]] = []
    for group in layers:
        layer = dense(group, shape)
        seen.append((layer, value))
        y = layer.weight @ value + layer.bias
        value, shape = np.maximum(y, 0), layer.shape
    relevance = np.zeros(len(y))
    relevance[target] = y[target] if start is None else start
    for (layer, inputs), share in zip(reversed(seen), reversed(shares), strict=True):
        total = np.zeros(len(inputs))
        for j, amount in enumerate(relevance):
            if amount != 0:
                total += amount * share(layer.weight[j] * inputs, inputs, layer.weight[j], layer.bias[j])
        relevance = total
    return relevance


def epsilon(size: float) -> Share:
    """Bach et al. 2015, eq. 58."""

    def share(c: Array, _x: Array, _w: Array, b: float) -> Array:
        y = c.sum() + b
        return c / (y + size * (1 if y >= 0 else -1))

    return share


def z_plus(c: Array, _x: Array, _w: Array, b: float) -> Array:
    """Positive contributions over their sum; negative ones where there are no others and the unit is below zero."""
    up = np.maximum(c, 0)
    if up.sum() > 0:
        return up / up.sum()
    return c / c.sum() if c.any() and c.sum() + b < 0 else up


def alpha_beta(c: Array, _x: Array, _w: Array, _b: float) -> Array:
    """Twice the positive share less the negative one; one alone where the other is missing."""
    up, down = np.maximum(c, 0), np.minimum(c, 0)
    if not up.any() or not down.any():
        return c / c.sum() if c.any() else c
    return 2 * up / up.sum() - down / down.sum()


def gamma(size: float) -> Share:
    """Montavon et al. 2019 for y > 0, mirrored for y < 0."""

    def share(c: Array, _x: Array, _w: Array, b: float) -> Array:
        above = c.sum() + b > 0
        grown = c + size * (np.maximum(c, 0) if above else np.minimum(c, 0))
        bias = b + size * (max(b, 0) if above else min(b, 0))
        return grown / (grown.sum() + bias)

    return share


def box(low: Array, high: Array) -> Share:
    """Montavon et al. 2017, eq. 16, with the ends of each pixel."""

    def share(c: Array, _x: Array, w: Array, _b: float) -> Array:
        part = c - low * np.maximum(w, 0) - high * np.minimum(w, 0)
        return part / part.sum()

    return share
