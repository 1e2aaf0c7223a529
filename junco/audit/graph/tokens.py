"""Transformers' feature maps: sequences of tokens that lie on the image as a grid of patches.

Tokens without a place (class, distillation, registers) come first, patches follow row by row, as in every ViT that
was looked at (torchvision's, timm's, Hugging Face's).
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, fx, nn

from junco.audit.graph.activations import ACTIVATIONS
from junco.audit.graph.observe import Seen
from junco.audit.model import Grid

_LAYERS = (nn.LayerNorm, nn.Linear, nn.Identity, *ACTIVATIONS)
_CONVS = (nn.Conv2d, nn.ConvTranspose2d)
_MOST_PREFIX = 8


def grids(module: fx.GraphModule, seen: Mapping[fx.Node, Seen], images: int) -> dict[str, Grid]:
    """Submodules that answer tokens [n, tokens, features] on a grid, in execution order.

    The grid is that of the last convolution's maps; without a convolution, a square.
    """
    places = patches(module, seen)
    calls = [node for node in module.graph.find_nodes(op="call_module") if len(seen[node].shape) == 3]
    found: dict[str, Grid] = {}
    for node in calls:
        count, tokens, _ = seen[node].shape
        grid = grid_of(tokens, places) if count == images else None
        if grid is not None and isinstance(module.get_submodule(str(node.target)), _LAYERS):
            found[str(node.target)] = grid
    return found


def patches(module: fx.GraphModule, seen: Mapping[fx.Node, Seen]) -> tuple[int, int] | None:
    """Rows and columns of the last convolution's maps; None without a convolution."""
    calls = module.graph.find_nodes(op="call_module")
    maps = [seen[node].spatial for node in calls if isinstance(module.get_submodule(str(node.target)), _CONVS)]
    return next((place for place in reversed(maps) if place), None)


def grid_of(tokens: int, places: tuple[int, int] | None) -> Grid | None:
    """How ``tokens`` tokens lie on ``places`` rows and columns, or on a square if None; None if they do not."""
    if places is not None:
        prefix = tokens - math.prod(places)
        return Grid(prefix, *places) if 0 <= prefix <= _MOST_PREFIX else None
    for prefix in (0, 1, 2):
        side = math.isqrt(max(0, tokens - prefix))
        if side > 1 and side * side == tokens - prefix:
            return Grid(prefix, side, side)
    return None


def last_tokens(module: fx.GraphModule, x: Tensor, found: Mapping[str, Grid]) -> str | None:
    """The last norm, or else the last layer, of ``found`` whose patches still reach the logits; None if none does.

    Behind the last attention of a network that reads its class token, patches reach nothing: a map would be empty.
    """
    if not found:
        return None
    reached = [name for name, signal in _signals(module, x, found).items() if _reaches(signal, found[name])]
    norms = [name for name in reached if isinstance(module.get_submodule(name), nn.LayerNorm)]
    return next(reversed(norms or reached), None)


def _reaches(signal: Tensor, grid: Grid) -> bool:
    return bool((signal[:, grid.prefix :] != 0).any())


def _signals(module: fx.GraphModule, x: Tensor, found: Mapping[str, Grid]) -> dict[str, Tensor]:
    """Gradient of the logits with respect to each layer's answer."""
    outputs: dict[str, Tensor] = {}
    handles = [
        module.get_submodule(name).register_forward_hook(
            lambda _module, _inputs, output, name=name: outputs.__setitem__(name, output)
        )
        for name in found
    ]
    try:
        with torch.enable_grad():
            logits = module(x.detach().requires_grad_())
            score = (logits * torch.linspace(-1, 1, logits.shape[1], device=x.device)).sum()
            signals = torch.autograd.grad(score, list(outputs.values()), allow_unused=True)
    finally:
        for handle in handles:
            handle.remove()
    pairs = zip(outputs.items(), signals, strict=True)
    return {name: torch.zeros_like(output) if signal is None else signal for (name, output), signal in pairs}
