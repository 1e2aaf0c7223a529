"""Structural similarity (Wang et al. 2004) under the conventions that the literature used.

Published SSIM values are not comparable across conventions: for unrelated maps alone the value lies between .01
and .85, by scaling and data range. A convention is therefore data with a name, and a measure ``ssim_<name>``.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from junco.audit.similarity.registry import measure
from junco.audit.similarity.scaling import min_max, percentile_clip, signed_unit

_K1, _K2 = 0.01, 0.03  # Wang et al. 2004


def uniform(width: int) -> tuple[float, ...]:
    """Equal weights over ``width`` pixels."""
    return (1 / width,) * width


def gaussian(sigma: float, *, truncate: float) -> tuple[float, ...]:
    """Weights of a Gaussian, cut at ``truncate`` standard deviations and summing to 1."""
    radius = int(truncate * sigma + 0.5)
    weights = [math.exp(-0.5 * (i / sigma) ** 2) for i in range(-radius, radius + 1)]
    return tuple(weight / sum(weights) for weight in weights)


@dataclass(frozen=True)
class Convention:
    """How maps are scaled, through which window they are seen, and which range SSIM's constants assume.

    ``window`` holds the weights along one side of a square window. ``flip`` also tries the negated second map.
    """

    scale: Callable[[Tensor], Tensor]
    window: tuple[float, ...]
    data_range: float
    flip: bool = False


CONVENTIONS: dict[str, Convention] = {
    # Ours: tails are clipped, so that unrelated maps score about .02 whatever the distribution of their values.
    "audit": Convention(percentile_clip, uniform(7), 1.0),
    # Adebayo et al. 2018, as their notebooks call scikit-image 0.15, whose data range for floats was 2.
    "adebayo_code": Convention(min_max, gaussian(1.5, truncate=3.5), 2.0),
    # Adebayo et al. 2018, as the paper's text says.
    "adebayo_paper": Convention(signed_unit, uniform(5), 2.0),
    # Sixt et al. 2020; the second map is negated before it is scaled, so that the measure is not quite symmetric.
    "sixt": Convention(percentile_clip, uniform(5), 2.0, flip=True),
}
"""Published conventions by name."""


def ssim(a: Tensor, b: Tensor, *, convention: Convention) -> Tensor:
    """SSIM [n] in [-1, 1] of maps [n, H, W] or [n, C, H, W]; NaN if a side is shorter than the window."""
    similar = partial(structural_similarity, window=convention.window, data_range=convention.data_range)
    x = convention.scale(a)
    same = similar(x, convention.scale(b))
    return torch.maximum(same, similar(x, convention.scale(-b))) if convention.flip else same


def structural_similarity(x: Tensor, y: Tensor, *, window: tuple[float, ...], data_range: float) -> Tensor:
    """Mean SSIM [n] of images [n, H, W] or [n, C, H, W] as they are, with sample covariance.

    The mean is over the places where the window lies within the image and over channels. NaN if it fits nowhere.
    """
    if min(x.shape[-2:]) < len(window):
        return x.new_full((len(x),), torch.nan)
    mx, my, mxx, myy, mxy = _windowed(torch.stack([x, y, x * x, y * y, x * y]), window)
    pixels = len(window) ** 2
    unbias = pixels / (pixels - 1)
    c1, c2 = (_K1 * data_range) ** 2, (_K2 * data_range) ** 2
    luminance = (2 * mx * my + c1) / (mx * mx + my * my + c1)
    spread = unbias * (mxx - mx * mx + myy - my * my)
    structure = (2 * unbias * (mxy - mx * my) + c2) / (spread + c2)
    local: Tensor = luminance * structure
    return local.flatten(1).mean(dim=1)


def _windowed(images: Tensor, window: tuple[float, ...]) -> Tensor:
    """Weighted mean under every whole window; sums of shifted slices, as float64 convolution is slow on CPU."""
    return _slide(_slide(images, window, dim=-2), window, dim=-1)


def _slide(images: Tensor, window: tuple[float, ...], *, dim: int) -> Tensor:
    places = images.shape[dim] - len(window) + 1
    total = images.narrow(dim, 0, places) * window[0]
    for start, weight in enumerate(window[1:], start=1):
        total.add_(images.narrow(dim, start, places), alpha=weight)
    return total


for _name, _convention in CONVENTIONS.items():
    measure(f"ssim_{_name}", channels=True)(partial(ssim, convention=_convention))
