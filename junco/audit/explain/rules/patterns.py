"""Patterns: the direction in which a layer's input moves when its output does (Kindermans et al. 2018).

For a unit y = w'x + b the pattern is a = cov(x, y) / w' cov(x, y), so that w'a = 1: with x = a s + distractor, a is
what the signal looks like. Behind a ReLU moments are taken where the unit is active (the paper's two-component
estimator), elsewhere everywhere. A convolution's moments are taken over all places of all images, each place's input
less its mean over the images: so that neither a shift of the image nor the zeros around it move a pattern, on which
the method's invariance rests (Kindermans et al. 2017). For a linear layer that mean changes nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, fx, nn

from junco.audit.explain.rules.parts import Anatomy
from junco.audit.explain.rules.roles import Chain
from junco.audit.explain.rules.shares import divided, folded, weighted
from junco.audit.explain.rules.trace import Trace


@dataclass(frozen=True)
class _Moments:
    """Sums over images: how many, of the input, of what counts and of y where it counts by place; and sums over places
    too, of x and of x y where y counts, laid out as the layer's weight."""

    images: int
    inputs: Tensor
    count: Tensor
    y: Tensor
    x: Tensor
    xy: Tensor

    def joined(self, other: "_Moments") -> "_Moments":
        """Sums over both's images."""
        return _Moments(
            self.images + other.images,
            self.inputs + other.inputs,
            self.count + other.count,
            self.y + other.y,
            self.x + other.x,
            self.xy + other.xy,
        )


def patterns(anatomy: Anatomy, parts: Iterable[tuple[Tensor, int]]) -> Mapping[fx.Node, Tensor]:
    """A pattern for every layer, in its weight's shape, fitted on images [n, C, H, W], the first so many of each part.

    A unit that is never active, or whose input never moves, has the pattern zero.
    """
    found: dict[fx.Node, _Moments] = {}
    trace = None
    for x, size in parts:
        trace = Trace(anatomy, x)
        for last in anatomy.chains:
            new = _moments(trace, last, size)
            found[last] = found[last].joined(new) if last in found else new
    assert trace is not None, "patterns are fitted on at least one batch"
    return {last: _pattern(trace, last, moments) for last, moments in found.items()}


def _moments(trace: Trace, last: fx.Node, size: int) -> _Moments:
    y, chain = trace.value(last), trace.anatomy.chains[last]
    counts = (y > 0).to(y) if trace.anatomy.rectified(last) else torch.ones_like(y)
    counts[size:] = 0
    x = trace.value(chain.layer.all_input_nodes[0])
    return _Moments(
        images=size,
        inputs=x[:size].sum(0, keepdim=True),
        count=counts.sum(0, keepdim=True),
        y=(counts * y).sum(0, keepdim=True),
        x=_against(trace, chain, x, counts),
        xy=_against(trace, chain, x, counts * y),
    )


_ROUNDING = 100
"""Roundings that sums over places and images may have gathered."""


def _pattern(trace: Trace, last: fx.Node, moments: _Moments) -> Tensor:
    chain, mean = trace.anatomy.chains[last], moments.inputs / moments.images
    weight = folded(trace, chain)
    units = [-1 if axis == 0 else 1 for axis in range(weight.dim())]
    places = _places(trace, chain, moments.y)
    count, y = (sums.sum(places).view(units) for sums in (moments.count, moments.y))
    count = count.clamp(min=1)
    x = moments.x - _against(trace, chain, mean, moments.count)
    xy = moments.xy - _against(trace, chain, mean, moments.y)
    both, apart = xy / count, x / count * (y / count)
    covariance, each = both - apart, tuple(range(1, weight.dim()))
    explained = (weight * covariance).sum(each, keepdim=True)
    # A unit that is active in one place has no covariance, only what rounding left of it.
    size = (weight.abs() * (both.abs() + apart.abs())).sum(each, keepdim=True)
    least = _ROUNDING * torch.finfo(weight.dtype).eps * size
    explained = torch.where(explained.abs() > least, explained, 0)
    return divided(covariance, explained.expand_as(covariance))


def _places(trace: Trace, chain: Chain, y: Tensor) -> tuple[int, ...]:
    linear = isinstance(trace.anatomy.module.get_submodule(str(chain.layer.target)), nn.Linear)
    unit = y.dim() - 1 if linear else 1
    return tuple(axis for axis in range(y.dim()) if axis != unit)


def _against(trace: Trace, chain: Chain, x: Tensor, signal: Tensor) -> Tensor:
    """Sum over images and places of x times the signal: a layer's gradient with respect to its weight."""
    weight = folded(trace, chain).detach().requires_grad_()
    with torch.enable_grad():
        answer = weighted(trace, chain, weight)(x)
    (found,) = torch.autograd.grad(answer, weight, signal)
    return found
