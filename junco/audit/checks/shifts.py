"""The shifts m of input_shift, [C, H, W] in model input space (Kindermans et al. 2017).

A constant per channel: the paper's -1 for data in [0, 1], minus the data's range R in general. A checkerboard of it and
zero. And a picture: m = s / grad z_c(x) - x, clipped to [-3 R, 3 R], draws s into Input x Gradient of one image x,
since grad z_c(x) (x + m) = s. The paper leaves the height of s open; here it is the largest at which the clip spares
95 of 100 pixels, so that s is hardly dented.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.model import Canonical
from junco.contract.request import Shift

SQUARES = 7
"""Squares of the checkerboard along the shorter side, whatever the image's size."""
REACH = 3.0
"""Largest value of the picture's shift in ranges of the data: the paper's 3 for data in [0, 1]."""
SPARED = 0.95
"""Share of the pixels of the picture that the clip leaves as they are."""


@dataclass(frozen=True)
class Sketched:
    """A picture drawn into Input x Gradient of one image: what was wanted, and the maps before and after, [H, W]."""

    wanted: Tensor
    before: Tensor
    after: Tensor


def made(asked: Shift, model: Canonical, batch: Batch) -> Tensor:
    """The shift [C, H, W] that ``asked`` names; 'image' is made from the first image of ``batch``."""
    reach = extent(batch)
    if asked == "range":
        return (-reach).expand(batch.x.shape[1:]).clone()
    if asked == "checkerboard":
        return -reach * checkerboard(batch.x)
    if asked == "image":
        return pictured(batch.x[0], slope(model, batch), REACH * reach)
    return torch.full_like(batch.x[0], float(asked))


def extent(batch: Batch) -> Tensor:
    """Largest less smallest value of the data, [C, 1, 1]."""
    return (batch.box.high.to(batch.x) - batch.box.low.to(batch.x))[:, None, None]


def checkerboard(x: Tensor) -> Tensor:
    """Squares of ones and zeros, [H, W], as large as the images of ``x``."""
    height, width = x.shape[-2:]
    side = max(1, round(min(height, width) / SQUARES))
    down, across = torch.arange(height).to(x.device) // side, torch.arange(width).to(x.device) // side
    return ((down[:, None] + across) % 2).to(x.dtype)


def pictured(x: Tensor, gradient: Tensor, reach: Tensor) -> Tensor:
    """m [C, H, W] that makes ``gradient`` * (x + m) the bird, as far as ``reach`` [C, 1, 1] goes."""
    wanted = bird(x) * height(x, gradient, reach)
    # A pixel that the model ignores shows nothing, whatever is added to it.
    exact = torch.where(gradient == 0, 0, wanted / torch.where(gradient == 0, 1, gradient) - x)
    return exact.clamp(-reach, reach)


def height(x: Tensor, gradient: Tensor, reach: Tensor) -> Tensor:
    """The largest value that the picture may have for ``SPARED`` of its pixels to escape the clip."""
    shape, room = bird(x).expand_as(x), gradient.abs() * (reach - x.abs()).clamp_min(0)
    drawn = (room / shape.clamp_min(torch.finfo(x.dtype).tiny))[(shape > 0) & (gradient != 0)]
    return torch.quantile(drawn, 1 - SPARED) if len(drawn) else x.new_zeros(())


def slope(model: Canonical, batch: Batch) -> Tensor:
    """Gradient [C, H, W] of the target logit of the batch's first image."""
    x = batch.x[:1].clone().requires_grad_()
    with torch.enable_grad():
        (found,) = torch.autograd.grad(model(x)[0, batch.targets[0]], x)
    return found[0]


def sketched(models: tuple[Canonical, Canonical], batch: Batch, shift: Tensor) -> Sketched:
    """Input x Gradient of the batch's first image on the model, and shifted on its twin: ``models``, in this order."""
    model, twin = models
    moved = Batch(batch.x[:1] + shift, batch.targets[:1], batch.index[:1], batch.box)
    before, after = slope(model, batch) * batch.x[0], slope(twin, moved) * moved.x[0]
    return Sketched(bird(batch.x), before.sum(0), after.sum(0))


def bird(x: Tensor) -> Tensor:
    """A bird in profile, ones on zeros, [H, W], as large as the images of ``x``."""
    rows, columns = x.shape[-2:]
    down = (torch.arange(rows).to(x) + 0.5)[:, None] / rows
    across = (torch.arange(columns).to(x) + 0.5) / columns
    body = _ellipse(across, down, (0.48, 0.58), (0.24, 0.17))
    head = _ellipse(across, down, (0.70, 0.34), (0.12, 0.12))
    neck = _ellipse(across, down, (0.61, 0.45), (0.13, 0.14))
    beak = (across > 0.78) & ((down - 0.35).abs() < (0.93 - across) / 3)
    tail = (across > 0.05) & (across < 0.34) & ((down - 0.62 - (0.34 - across) / 3).abs() < 0.05)
    legs = (((across - 0.45).abs() < 0.015) | ((across - 0.54).abs() < 0.015)) & (down > 0.7) & (down < 0.92)
    eye = _ellipse(across, down, (0.73, 0.31), (0.025, 0.025))
    return ((body | head | neck | beak | tail | legs) & ~eye).to(x.dtype)


def _ellipse(across: Tensor, down: Tensor, centre: tuple[float, float], radii: tuple[float, float]) -> Tensor:
    return ((across - centre[0]) / radii[0]).square() + ((down - centre[1]) / radii[1]).square() < 1
