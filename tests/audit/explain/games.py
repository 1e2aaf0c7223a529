"""Models that are games: a logit looked up by which cells of a grid an image shows, and what theory says of them."""

from collections.abc import Sequence
from itertools import combinations
from math import comb

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from junco.audit.batch import Batch
from junco.audit.explain import build
from junco.audit.explain.explainer import Bound
from junco.audit.model import Canonical
from tests.audit.explain.models import canonical, images

Table = NDArray[np.float64]


class Lookup(nn.Module):
    """The table's entry at the number whose bits say which cells are not zero, for images [n, 1, H, W]."""

    def __init__(self, table: Table, side: int) -> None:
        super().__init__()
        self.register_buffer("table", torch.from_numpy(table).T.contiguous())
        self.side = side

    def forward(self, x: Tensor) -> Tensor:
        cells = nn.functional.adaptive_avg_pool2d(x, self.side).flatten(1) > 1e-9
        bits = 2 ** torch.arange(self.side**2, device=x.device)
        return self.get_buffer("table")[(cells * bits).sum(1)]


def game(table: Table, *, side: int) -> Canonical:
    """``table`` [classes, 2^(side^2)] as a model of images of 2 side x 2 side pixels."""
    return canonical(nn.Sequential(Lookup(table, side)), (1, 2 * side, 2 * side))


def shown(n: int = 2, *, side: int = 3, targets: Sequence[int] = (0, 1)) -> Batch:
    """Images of which every cell is above zero."""
    batch = images(n, (1, 2 * side, 2 * side))
    return Batch(batch.x + 0.1, torch.tensor(targets[:n]), batch.index, batch.box)


def random_table(classes: int, cells: int, *, seed: int) -> Table:
    """Gains of every coalition, with interactions of all orders."""
    return np.random.default_rng(seed).normal(size=(classes, 2**cells))


def shapley(table: Table, *, players: int) -> Table:
    """Shapley values [players] of the game [2^players], by the sum over all coalitions."""
    values = np.zeros(players)
    for j in range(players):
        others = [i for i in range(players) if i != j]
        for size in range(players):
            share = 1 / (players * comb(players - 1, size))
            for chosen in combinations(others, size):
                without = sum(2**i for i in chosen)
                values[j] += share * (table[without + 2**j] - table[without])
    return values


def explained(model: Canonical, batch: Batch, bound: Bound, *, seed: int = 0, rows: int = 64) -> Tensor:
    """The method's maps, no more than ``rows`` images in a pass."""
    return build([bound], model, batch_size=rows)(model, batch, seed=seed).maps[bound.label]
