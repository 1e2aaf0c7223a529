"""Pictures of four textures and a network that sees which of them there is most of, so that every map is known.

A picture has 4 x 4 cells; two of each texture's lie at random places, as bright as chance has it, the rest is dark.
The network has a filter for each texture and adds up where it finds it. ``apart`` reads a class from each texture: maps
of different classes show different cells. ``alike`` reads all classes from the sum: their maps cannot differ.
"""

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tests.truth.digits import SIDE, Digits

Order = Literal["relu_pool", "pool_relu"]
CLASSES, CELLS, CELL = 4, 4, 7
_GAIN = 40.0


def pictures(count: int, *, seed: int = 0) -> Digits:
    """``count`` pictures, each labelled by its brightest texture."""
    rng = np.random.default_rng(seed)
    made = [_picture(rng) for _ in range(count)]
    return Digits(np.stack([pixels for pixels, _ in made]), np.array([label for _, label in made]))


def _picture(rng: np.random.Generator) -> tuple[NDArray[np.uint8], int]:
    canvas = 0.05 * rng.random((SIDE, SIDE))
    shares = np.zeros(CLASSES)
    cells = rng.permutation(CELLS**2)[: 2 * CLASSES]
    for place, cell in enumerate(cells):
        kind, bright = place % CLASSES, 0.7 + 0.3 * rng.random()
        top, left = CELL * (cell // CELLS), CELL * (cell % CELLS)
        canvas[top : top + CELL, left : left + CELL] += bright * _textures()[kind]
        shares[kind] += bright
    return (canvas.clip(0, 1) * 255).astype(np.uint8), int(shares.argmax())


def _textures() -> NDArray[np.float64]:
    """Rows, columns, a chessboard, dots: [4, cell, cell] of 0 and 1."""
    down, across = np.mgrid[:CELL, :CELL]
    kinds = (down % 2 == 1, across % 2 == 1, (down + across) % 2 == 1, (down % 3 == 1) & (across % 3 == 1))
    return np.stack(kinds).astype(float)


def network(*, alike: bool, order: Order = "relu_pool") -> nn.Sequential:
    """Filters that answer 3 to their own texture at full brightness and at most 1.2 to another's, and 1.5 to pass."""
    middle = [nn.ReLU(), nn.MaxPool2d(2)]
    net = nn.Sequential(
        nn.Conv2d(1, CLASSES, 3, padding=1),
        *(middle if order == "relu_pool" else reversed(middle)),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(CLASSES, CLASSES),
    )
    filters = torch.full((CLASSES, 3, 3), -1.0)
    filters[0, 1], filters[1, :, 1], filters[3, 1, 1] = 1.0, 1.0, 3.0
    filters[2] = 0.6 * torch.tensor([[1.0, -1, 1], [-1, 1, -1], [1, -1, 1]])
    sums = torch.linspace(0.4, 1, CLASSES)[:, None].expand(CLASSES, CLASSES)
    with torch.no_grad():
        net[0].weight.copy_(filters[:, None])
        net[0].bias.fill_(-1.5)
        net[5].weight.copy_(_GAIN * (sums if alike else torch.eye(CLASSES)))
        net[5].bias.zero_()
    return net.eval()
