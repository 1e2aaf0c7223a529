"""Infidelity and max-sensitivity (Yeh et al., On the (In)fidelity and Sensitivity of Explanations, 2019).

Infidelity of a map E: INFD = E_I[(beta I'E - (z_c(x) - z_c(x_I)))^2], where I is a square of 1 to 10 pixels of 28 that
is hidden in x_I, I'E the map's sum over it, and beta = E[D I'E] / E[(I'E)^2], D the logit's difference, is the scale
that fits best, per image. Given over E[D^2]: 0, the map says exactly what squares are worth; 1, nothing.
Max-sensitivity: the largest ||E(x') - E(x)|| / ||E(x)|| over uniform draws of x' within a tenth of the data's range. A
constant map has 0, so that it is never read alone: random maps, drawn anew each time, stand beside it.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.checks.perturbed import logits
from junco.audit.checks.randomise import generator_for
from junco.audit.model import Canonical

LARGEST = 10 / 28
"""Largest side of a square over the image's shorter side."""
NEAR = 0.1
"""Reach of a moved copy in ranges of the data."""

Square = tuple[int, int, int]
"""Top, left and side."""


def squares(batch: Batch, *, seed: int, count: int) -> list[list[Square]]:
    """``count`` squares for each image; a draw depends on the seed and the image's place alone."""
    return [_squares(batch.x.shape[2:], generator_for("infidelity", seed, i), count) for i in batch.index]


def _squares(size: Sequence[int], generator: torch.Generator, count: int) -> list[Square]:
    largest = max(1, round(LARGEST * min(size)))

    def below(end: int) -> int:
        return int(torch.randint(0, end, (), generator=generator))

    sides = [1 + below(largest) for _ in range(count)]
    return [(below(size[0] - side + 1), below(size[1] - side + 1), side) for side in sides]


def drops(model: Canonical, batch: Batch, blank: Tensor, hidden: Sequence[Sequence[Square]]) -> Tensor:
    """What the target logit loses when each square shows ``blank`` [n, C, H, W], [n, count]."""
    columns = []
    for k in range(len(hidden[0])):
        changed = batch.x.clone()
        for i, squares_ in enumerate(hidden):
            top, left, side = squares_[k]
            place = (..., slice(top, top + side), slice(left, left + side))
            changed[i][place] = blank[i][place]
        columns.append(_scores(model, changed, batch.targets))
    return _scores(model, batch.x, batch.targets)[:, None] - torch.stack(columns, 1)


def sums(maps: Tensor, hidden: Sequence[Sequence[Square]]) -> Tensor:
    """Sum of each map [n, H, W] over each square, [n, count], in float64."""
    table = torch.nn.functional.pad(maps.double().cumsum(1).cumsum(2), (1, 0, 1, 0)).cpu()
    corners = torch.tensor(hidden)
    top, left, side = corners.unbind(2)
    rows = torch.arange(len(maps))[:, None]
    bottom, right = top + side, left + side
    found = table[rows, bottom, right] - table[rows, top, right] - table[rows, bottom, left] + table[rows, top, left]
    return found.to(maps.device)


def infidelity(sums: Tensor, drops: Tensor) -> Tensor:
    """INFD / E[D^2] with the best scale, [n]; NaN where hiding changes nothing."""
    drops = drops.double()
    power, room = sums.square().mean(1), drops.square().mean(1)
    beta = torch.where(power > 0, (drops * sums).mean(1) / torch.where(power > 0, power, 1), 0)
    missed = (beta[:, None] * sums - drops).square().mean(1)
    return torch.where(room > 0, missed / torch.where(room > 0, room, 1), torch.nan)


def nearby(batch: Batch, *, seed: int, draw: int) -> Tensor:
    """Each image moved by uniform noise within ``NEAR`` of the data's range, [n, C, H, W]."""
    reach = NEAR * (batch.box.high - batch.box.low).to(batch.x).view(-1, 1, 1)
    draws = [generator_for("sensitivity", seed, draw, i) for i in batch.index]
    noise = torch.stack([torch.rand(batch.x.shape[1:], generator=g) for g in draws]).to(batch.x)
    return batch.x + (2 * noise - 1) * reach


def changes(before: Mapping[str, Tensor], after: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """||E(x') - E(x)|| / ||E(x)|| of maps [n, H, W] by label, [n]; NaN where the first is zero."""
    return {label: _change(maps, after[label]) for label, maps in before.items()}


def _change(a: Tensor, b: Tensor) -> Tensor:
    size = a.flatten(1).norm(dim=1)
    return torch.where(size > 0, (b - a).flatten(1).norm(dim=1) / torch.where(size > 0, size, 1), torch.nan)


def random_maps(batch: Batch, *, seed: int, draw: int) -> Tensor:
    """Standard normal maps [n, H, W], drawn anew for each ``draw``."""
    draws = [generator_for("random map", seed, draw, i) for i in batch.index]
    return torch.stack([torch.randn(batch.x.shape[2:], generator=g) for g in draws]).to(batch.x)


def _scores(model: Canonical, x: Tensor, targets: Tensor) -> Tensor:
    return logits(model, x).gather(1, targets[:, None])[:, 0]
