"""Contributions to a linear node's output: all of them, those above zero, those below.

A node's output is y = sum of contributions c_ij = x_i w_ij, plus a bias. A share is a part of the contributions: its
``total`` [like y], and ``spread``, which hands a signal s at the output to the inputs as sum over j of c_ij s_j. With
s = R / total a share hands on all of R.
"""

import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, fx, nn

from junco.audit.explain.rules.norms import still
from junco.audit.explain.rules.roles import Chain, Role
from junco.audit.explain.rules.trace import Trace

Spread = Callable[[Tensor], tuple[Tensor, ...]]


@dataclass(frozen=True)
class Share:
    """Some contributions to a node's output: their sum, and the way back to the inputs."""

    total: Tensor
    spread: Spread


def whole(trace: Trace, node: fx.Node) -> Share:
    """All contributions, and the node's own output, bias included, as the total."""
    return Share(trace.value(node), lambda signal: _times(_inputs(trace, node), slopes(trace, node, signal)))


def slopes(trace: Trace, node: fx.Node, signal: Tensor) -> tuple[Tensor, ...]:
    """The chain rule through a node, or through all nodes of a layer; a norm's deviation is held still."""
    chain = trace.anatomy.chains.get(node)
    if trace.anatomy.parts[node].role is Role.NORM:
        return (still(trace, node, signal),)
    if chain is None:
        return trace.pull(node, signal, *trace.anatomy.parts[node].sources)
    for part in (chain.norm, chain.offset):
        if part is not None:
            (signal,) = trace.pull(part, signal, part.all_input_nodes[0])
    return trace.pull(chain.layer, signal, chain.layer.all_input_nodes[0])


def positive(trace: Trace, node: fx.Node) -> Share:
    """Contributions above zero; kept, since several rules ask for them."""
    return _kept(trace, node, sign=1)


def negative(trace: Trace, node: fx.Node) -> Share:
    """Contributions below zero; their total is not above zero."""
    return _kept(trace, node, sign=-1)


def divided(signal: Tensor, by: Tensor) -> Tensor:
    """signal / by, and zero where ``by`` is: what no contribution explains goes nowhere."""
    tiny = torch.finfo(by.dtype).tiny
    fine = by.abs() > tiny
    return torch.where(fine, signal / torch.where(fine, by, 1), 0)


def folded(trace: Trace, chain: Chain) -> Tensor:
    """The layer's weight with the scale of a BatchNorm behind it."""
    module = trace.anatomy.module
    layer = module.get_submodule(str(chain.layer.target))
    weight = layer.weight
    assert isinstance(weight, Tensor)
    if chain.norm is None:
        return weight
    gain = gain_of(module.get_submodule(str(chain.norm.target)))
    if not isinstance(layer, nn.ConvTranspose1d | nn.ConvTranspose2d | nn.ConvTranspose3d):
        return weight * gain.view(-1, *[1] * (weight.dim() - 1))
    # [in, out / groups, ...]: each group of inputs has outputs of its own.
    per_group = gain.view(layer.groups, 1, -1).expand(-1, weight.shape[0] // layer.groups, -1)
    return weight * per_group.reshape(weight.shape[0], -1, *[1] * (weight.dim() - 2))


def gain_of(norm: nn.Module) -> Tensor:
    """What a BatchNorm in eval mode multiplies each channel by."""
    assert isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d)
    assert norm.running_var is not None
    spread = torch.rsqrt(norm.running_var + norm.eps)
    return spread if norm.weight is None else norm.weight * spread


def weighted(trace: Trace, chain: Chain, weight: Tensor) -> Callable[[Tensor], Tensor]:
    """The layer with another weight and without a bias."""
    layer = trace.anatomy.module.get_submodule(str(chain.layer.target))
    other = type(layer).__new__(type(layer))
    other.__dict__ = layer.__dict__ | {"_parameters": {"weight": weight, "bias": None}}
    return other


def through(apply: Callable[[Tensor], Tensor], x: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
    """What a linear function makes of ``x``, and its transpose."""
    leaf = x.detach().requires_grad_()
    with torch.enable_grad():
        answer = apply(leaf)

    def back(signal: Tensor) -> Tensor:
        (slope,) = torch.autograd.grad(answer, leaf, signal, retain_graph=True)
        return slope

    return answer.detach(), back


def _kept(trace: Trace, node: fx.Node, *, sign: int) -> Share:
    key = ("share", node, sign)
    if key not in trace.memo:
        chain = trace.anatomy.chains.get(node)
        trace.memo[key] = _of_sum(trace, node, sign) if chain is None else _of_layer(trace, chain, sign)
    found = trace.memo[key]
    assert isinstance(found, Share)
    return found


def _of_layer(trace: Trace, chain: Chain, sign: int) -> Share:
    x, weight = trace.value(chain.layer.all_input_nodes[0]), folded(trace, chain)
    sides = [_side(trace, chain, x.clamp(min=0), (sign * weight).clamp(min=0) * sign)]
    if bool((x < 0).any()):
        sides.append(_side(trace, chain, x.clamp(max=0), (sign * weight).clamp(max=0) * sign))
    if len(sides) == 1:
        return sides[0]
    return Share(
        sides[0].total + sides[1].total,
        lambda signal: (sides[0].spread(signal)[0] + sides[1].spread(signal)[0],),
    )


def _side(trace: Trace, chain: Chain, x: Tensor, weight: Tensor) -> Share:
    total, back = through(weighted(trace, chain, weight), x)
    return Share(total, lambda signal: (x * back(signal),))


def _of_sum(trace: Trace, node: fx.Node, sign: int) -> Share:
    """Of an addition, a mean, an attention's weighted sum: the weights are not negative, but for what is subtracted."""
    part = trace.anatomy.parts[node]
    signs = (sign, -sign if part.name == "sub" else sign, *[sign] * len(part.sources))
    inputs = [(s * trace.value(source)).clamp(min=0) * s for s, source in zip(signs, part.sources, strict=False)]
    total = trace.rerun(node, dict(zip(part.sources, inputs, strict=True)))
    # The trace keeps the share: a reference back would hold all its tensors until the garbage collector comes by.
    held = weakref.proxy(trace)
    return Share(total, lambda signal: _times(inputs, held.pull(node, signal, *part.sources)))


def _inputs(trace: Trace, node: fx.Node) -> list[Tensor]:
    return [trace.value(source) for source in trace.anatomy.parts[node].sources]


def _times(inputs: Sequence[Tensor], found: Sequence[Tensor]) -> tuple[Tensor, ...]:
    return tuple(x * slope for x, slope in zip(inputs, found, strict=True))


LINEAR = (Role.LAYER, Role.SUM, Role.ATTENTION)
"""Roles whose output is a sum of contributions."""
