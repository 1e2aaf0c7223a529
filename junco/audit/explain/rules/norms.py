"""Norms of an image's own statistics, the deviation held still: y = g (x - mean x) / deviation + b is then linear.

Ali et al., XAI for Transformers: Better Explanations through Conservative Propagation, 2022 (LayerNorm); GroupNorm
likewise, within groups of channels.
"""

import torch
from torch import Tensor, fx, nn

from junco.audit.explain.rules.trace import Trace


def still(trace: Trace, node: fx.Node, signal: Tensor) -> Tensor:
    """The chain rule through the norm at ``node`` with its deviation held still."""
    x = trace.value(trace.anatomy.parts[node].sources[0])
    layer = trace.anatomy.module.get_submodule(str(node.target))
    if isinstance(layer, nn.LayerNorm):
        gain = signal if layer.weight is None else signal * layer.weight
        axes = tuple(range(-len(layer.normalized_shape), 0))
        return _centred(gain, x, axes, layer.eps)
    assert isinstance(layer, nn.GroupNorm)
    gain = signal if layer.weight is None else signal * layer.weight.view(1, -1, *[1] * (x.dim() - 2))
    grouped = (len(x), layer.num_groups, -1)
    return _centred(gain.reshape(grouped), x.reshape(grouped), (-1,), layer.eps).reshape(x.shape)


def _centred(signal: Tensor, x: Tensor, axes: tuple[int, ...], eps: float) -> Tensor:
    deviation = torch.rsqrt(x.var(axes, correction=0, keepdim=True) + eps)
    scaled = signal * deviation
    return scaled - scaled.mean(axes, keepdim=True)
