"""How published code makes raw maps comparable, one function a view; maps are [n, C, H, W] at the image's size.

What the measures themselves scale to (SSIM, HOG) is in junco.audit.similarity. Authors' code: see the conventions of
junco.contract.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from junco.contract.catalogue import Control, Method
from junco.contract.randomization import MapView, Randomization

View = Callable[[Tensor], Tensor]
Compare = Callable[[Tensor, Tensor], Tensor]

_PERCENTILE = 99


@dataclass(frozen=True)
class Published:
    """One published statistic [n] of two sets of raw maps [n, C, H, W]."""

    view: View
    compare: Compare

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        return self.compare(self.view(a), self.view(b))


def published(
    how: Randomization, methods: Mapping[str, Method | Control], measure: Callable[[str], Compare]
) -> dict[str, dict[str, Published]]:
    """The convention's statistics of each method by label, then by name."""
    return {
        label: {m.name: Published(_view(m.view, method in how.magnitudes), measure(m.measure)) for m in how.metrics}
        for label, method in methods.items()
    }


def as_images(raw: Tensor, shape: Sequence[int]) -> Tensor:
    """Raw maps as maps of the image's ``shape`` [C, H, W]: enlarged bilinearly, one channel repeated."""
    if raw.shape[-2:] != tuple(shape[1:]):
        raw = functional.interpolate(raw, size=tuple(shape[1:]), mode="bilinear", align_corners=False)
    return raw.expand(-1, shape[0], -1, -1) if raw.shape[1] == 1 else raw


def _view(view: MapView, magnitude: bool) -> View:
    if view is MapView.ABS_OR_SUM:
        return _largest if magnitude else _sum
    return _VIEWS[view]


def _raw(maps: Tensor) -> Tensor:
    return maps


def _sum(maps: Tensor) -> Tensor:
    return maps.sum(dim=1)


def _abs(maps: Tensor) -> Tensor:
    return maps.abs().sum(dim=1)


def _largest(maps: Tensor) -> Tensor:
    return maps.abs().amax(dim=1)


def code_abs(maps: Tensor) -> Tensor:
    """Adebayo et al., ``abs``: sums of magnitudes from least to 99th percentile onto [0, 1]; of one channel, |m| over
    its largest."""
    if maps.shape[1] == 1:
        return _abs(maps) / maps.abs().amax(dim=(1, 2, 3)).view(-1, 1, 1)
    total = _abs(maps).double()
    low = total.amin(dim=(1, 2)).view(-1, 1, 1)
    return ((total - low) / (_percentile(total) - low)).clamp(0, 1)


def code_diverging(maps: Tensor) -> Tensor:
    """Adebayo et al., ``diverging``: sums over a span of |99th percentile| about 1/2, clipped to [-1, 1]; of one
    channel, m over its largest |m|."""
    if maps.shape[1] == 1:
        return _sum(maps) / maps.abs().amax(dim=(1, 2, 3)).view(-1, 1, 1)
    total = _sum(maps).double()
    span = _percentile(total).abs()
    return ((total + span) / (2 * span)).clamp(-1, 1)


def _percentile(maps: Tensor) -> Tensor:
    """[n, 1, 1]; NaN where a map has one."""
    rows = np.percentile(maps.detach().flatten(1).cpu().numpy(), _PERCENTILE, axis=1)
    return torch.from_numpy(np.asarray(rows)).to(maps).view(-1, 1, 1)


_VIEWS: Mapping[MapView, View] = MappingProxyType(
    {
        MapView.RAW: _raw,
        MapView.SUM: _sum,
        MapView.ABS: _abs,
        MapView.CODE_ABS: code_abs,
        MapView.CODE_DIVERGING: code_diverging,
    }
)
