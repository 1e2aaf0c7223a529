"""What attacks on a map aim at: its largest values, its centre of mass, the quarter of the image that has least of it.

Maps [n, H, W] are magnitudes that sum to one (Ghorbani et al. 2017). k is 2 % of the pixels (1000 of SqueezeNet's
50176).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from junco.audit.maps import Comparison
from junco.contract.catalogue import Aim

_TOP = 0.02


@dataclass(frozen=True)
class Scene:
    """The maps before, [n, H, W], and what the aims look at: masks of the top k and of the emptiest quarter."""

    maps: Tensor
    top: Tensor
    quarter: Tensor
    centre: Tensor

    @classmethod
    def of(cls, maps: Tensor) -> "Scene":
        """The scene of ``maps``."""
        return cls(maps, top_mask(maps), emptiest(maps), centre(maps))

    def rows(self, part: slice) -> "Scene":
        """The scene of some of the images."""
        return Scene(self.maps[part], self.top[part], self.quarter[part], self.centre[part])


def top_count(pixels: int) -> int:
    """k of maps of so many pixels."""
    return max(1, round(_TOP * pixels))


def top_mask(maps: Tensor) -> Tensor:
    """Which pixels [n, H, W] are the k largest of each map."""
    flat = maps.flatten(1)
    places = flat.topk(top_count(flat.shape[1]), dim=1).indices
    return torch.zeros_like(flat, dtype=torch.bool).scatter_(1, places, True).view_as(maps)


def emptiest(maps: Tensor) -> Tensor:
    """The quarter [n, H, W] of each image that holds least of its map."""
    high, wide = maps.shape[1] // 2, maps.shape[2] // 2
    quarters = torch.zeros(4, *maps.shape[1:], dtype=maps.dtype, device=maps.device)
    quarters[0, :high, :wide] = quarters[1, :high, wide:] = quarters[2, high:, :wide] = quarters[3, high:, wide:] = 1
    held = maps.flatten(1) @ quarters.flatten(1).T
    return torch.index_select(quarters, 0, held.argmin(1))


def centre(maps: Tensor) -> Tensor:
    """Centre of mass [n, 2] in pixels, row and column."""
    rows, columns = (torch.arange(size, dtype=maps.dtype, device=maps.device) for size in maps.shape[1:])
    return torch.stack([maps.sum(2) @ rows, maps.sum(1) @ columns], dim=1)


def displacement(maps: Tensor, scene: Scene) -> Tensor:
    """How far [n] the centre of mass has moved, in pixels."""
    found: Tensor = torch.linalg.vector_norm(centre(maps) - scene.centre, dim=1)
    return found


CRITERIA: Mapping[Aim, Callable[[Tensor, Scene], Tensor]] = {
    Aim.TOP_K: lambda maps, scene: (maps * scene.top).sum((1, 2)),
    Aim.MASS_CENTRE: lambda maps, scene: -displacement(maps, scene),
    Aim.REGION: lambda maps, scene: -(maps * scene.quarter).sum((1, 2)),
}
"""What each aim makes small, [n]."""


def compared(comparison: Comparison, maps: Tensor, scene: Scene) -> dict[str, Tensor]:
    """What is left of the scene in ``maps``: overlap of the top k, rank correlation, way of the centre, mass; [n]."""
    ranks = [comparison.prepare(part) for part in (scene.maps, maps)]
    undefined = ranks[0].isnan().any(dim=1)  # a constant map has no largest pixels
    overlap = (top_mask(maps) & scene.top).sum((1, 2)) / scene.top.sum((1, 2))
    values = {
        "overlap": overlap,
        "rho": comparison.cross(*ranks).diagonal(),
        "displacement": displacement(maps, scene),
        "region": (maps * scene.quarter).sum((1, 2)),
    }
    return {name: value.masked_fill(undefined, torch.nan) for name, value in values.items()}
