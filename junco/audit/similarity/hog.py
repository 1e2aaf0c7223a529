"""Histograms of oriented gradients (Dalal & Triggs 2005), and the two ways Adebayo et al. 2018 compared maps by them.

Descriptive only: the similarity of unrelated maps lies between .02 and .73 by the distribution of their pixels alone.
"""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from junco.audit.similarity.pearson import dot, unit
from junco.audit.similarity.registry import measure
from junco.audit.similarity.scaling import min_max, signed_unit
from junco.audit.similarity.spearman import paired, prepare

_ORIENTATIONS = 9
_BLOCK = 3  # cells along a block's side
_EPSILON = 1e-5
_CLIP = 0.2  # of L2-Hys


def hog(images: Tensor, *, cell: int = 16) -> Tensor:
    """HOG vectors [n, blocks * 81] of images [n, H, W] or [n, C, H, W], ``cell`` pixels to a cell's side.

    9 unsigned orientations, 3 x 3 cells to a block, L2-Hys; where there are channels, a pixel votes with its
    steepest one. Raises ``ValueError`` if not one block fits.
    """
    if not block_fits(images, cell):
        raise ValueError(
            f"HOG needs images of at least {_BLOCK * cell} pixels a side; found {tuple(images.shape[-2:])}: "
            "enlarge the images or take fewer pixels to a cell"
        )
    channels = images if images.ndim == 4 else images[:, None]
    return _normalised_blocks(_cell_histograms(*_steepest(channels), cell))


def block_fits(images: Tensor, cell: int) -> bool:
    """Whether one block of cells fits into the images."""
    return min(images.shape[-2:]) >= _BLOCK * cell


@measure("hog_adebayo_code", channels=True)
def hog_adebayo_code(a: Tensor, b: Tensor) -> Tensor:
    """Spearman correlation of the HOG vectors of maps scaled to [0, 1]; NaN below 48 pixels."""
    if not block_fits(a, 16):
        return a.new_full((len(a),), torch.nan)
    x, y = (prepare(hog(min_max(maps)), dtype=torch.float64) for maps in (a, b))
    return paired(x, y)


@measure("hog_adebayo_paper", channels=True)
def hog_adebayo_paper(a: Tensor, b: Tensor) -> Tensor:
    """Pearson correlation of the HOG vectors of maps scaled to [-1, 1]; NaN below 48 pixels."""
    if not block_fits(a, 16):
        return a.new_full((len(a),), torch.nan)
    return dot(unit(hog(signed_unit(a))), unit(hog(signed_unit(b))))


def _steepest(channels: Tensor) -> tuple[Tensor, Tensor]:
    """Magnitude and orientation in degrees [n, H, W] of the central difference that is largest over channels."""
    down, right = torch.zeros_like(channels), torch.zeros_like(channels)  # the border has no gradient
    down[..., 1:-1, :] = channels[..., 2:, :] - channels[..., :-2, :]
    right[..., :, 1:-1] = channels[..., :, 2:] - channels[..., :, :-2]
    magnitude, best = torch.hypot(down, right).max(dim=1, keepdim=True)
    angle = torch.atan2(down.gather(1, best), right.gather(1, best))
    return magnitude[:, 0], torch.rad2deg(angle[:, 0]).remainder(180)


def _cell_histograms(magnitude: Tensor, orientation: Tensor, cell: int) -> Tensor:
    """Mean magnitude per orientation bin and cell, [n, rows, columns, 9]."""
    edges = torch.arange(1, _ORIENTATIONS + 1, device=orientation.device, dtype=orientation.dtype)
    # An angle a hair below 0 is rounded to 180 and falls beyond the last bin: it votes nowhere, as in scikit-image.
    bins = torch.bucketize(orientation, edges * (180 / _ORIENTATIONS), right=True)
    votes = [avg_pool2d(torch.where(bins == i, magnitude, 0), cell) for i in range(_ORIENTATIONS)]
    return torch.stack(votes, dim=-1)


def _normalised_blocks(cells: Tensor) -> Tensor:
    """Overlapping blocks of cells [n, blocks * 81], each of length 1 with its large values clipped (L2-Hys)."""
    blocks = cells.unfold(1, _BLOCK, 1).unfold(2, _BLOCK, 1)  # [n, rows, columns, bins, block rows, block columns]
    blocks = blocks.permute(0, 1, 2, 4, 5, 3).flatten(3)
    return _l2(_l2(blocks).clamp(max=_CLIP)).flatten(1)


def _l2(blocks: Tensor) -> Tensor:
    return blocks / (blocks.square().sum(dim=-1, keepdim=True) + _EPSILON**2).sqrt()
