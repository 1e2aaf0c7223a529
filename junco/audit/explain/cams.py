"""A layer's channels, weighted and summed: what the class activation maps have in common.

Maps are [n, 1, h, w] at the layer's own resolution: enlarging invents agreement between neighbours.
"""

import torch
from torch import Tensor

from junco.audit.explain.ingredients import Tapped
from junco.audit.model import Canonical
from junco.contract.errors import InvalidPlan


def as_images(model: Canonical, layer: str, tap: Tapped) -> Tapped:
    """``tap`` of ``layer`` as maps [n, channels, h, w]; raises InvalidPlan when its output is none."""
    grid = model.grids.get(layer)
    if grid is not None:
        return Tapped(grid.images(tap.activations), None if tap.signal is None else grid.images(tap.signal))
    if tap.activations.dim() == 4:
        return tap
    raise InvalidPlan(
        f"Layer {layer!r} does not answer images.",
        expected="a layer whose output is [n, channels, height, width], or tokens that lie on the image",
        found=f"an output of shape {list(tap.activations.shape)}",
        remedy="name one of the spatial layers that inspection lists",
    )


def weighted(activations: Tensor, weights: Tensor) -> Tensor:
    """Sum over channels of ``activations`` [n, K, h, w] times ``weights``, which broadcast, kept where positive."""
    return torch.relu((weights * activations).sum(dim=1, keepdim=True))


def grad_cam(tap: Tapped) -> Tensor:
    """Channels weighted by their mean gradient."""
    return weighted(tap.activations, tap.gradient.mean(dim=(2, 3), keepdim=True))
