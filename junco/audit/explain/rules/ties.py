"""Where a maximum is held, evenly where it is held by several."""

import torch
from torch import Tensor, fx, nn
from torch.nn.functional import pad

from junco.audit.explain.rules.trace import Trace


def held(trace: Trace, node: fx.Node, signal: Tensor) -> Tensor:
    """``signal`` at a maximum's output, handed to the places that hold it, in equal parts.

    A pooling's own gradient goes to the first of them, which on an image of one colour is the upper left one
    everywhere. Poolings other than nn.MaxPool2d without dilation keep that.
    """
    (source,) = trace.anatomy.parts[node].sources
    layer = trace.anatomy.module.get_submodule(str(node.target)) if node.op == "call_module" else None
    if not isinstance(layer, nn.MaxPool2d) or _pair(layer.dilation) != (1, 1):
        (found,) = trace.pull(node, signal, source)
        return found
    leaf = trace.value(source).detach().requires_grad_()
    with torch.enable_grad():
        # amax shares its gradient among equals.
        highest = _windows(leaf, layer, signal).amax((-1, -2))
    (found,) = torch.autograd.grad(highest, leaf, signal)
    return found


def _windows(x: Tensor, layer: nn.MaxPool2d, like: Tensor) -> Tensor:
    """What each place of the output looks at, [n, C, h, w, k, k]; beyond the image nothing is a maximum."""
    sizes, strides, edges = (_pair(value) for value in (layer.kernel_size, layer.stride, layer.padding))
    ends = [(like.shape[a - 2] - 1) * strides[a] + sizes[a] - x.shape[a - 2] - edges[a] for a in (0, 1)]
    x = pad(x, (edges[1], max(0, ends[1]), edges[0], max(0, ends[0])), value=-torch.inf)
    windows = x.unfold(-2, sizes[0], strides[0]).unfold(-2, sizes[1], strides[1])
    return windows[:, :, : like.shape[-2], : like.shape[-1]]


def _pair(value: int | tuple[int, ...]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[1])
