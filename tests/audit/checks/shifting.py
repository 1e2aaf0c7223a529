"""Models, images and shifts on which two networks must agree."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from junco.audit.batch import Batch, Box
from junco.audit.graph import double
from junco.audit.model import Canonical
from tests.audit.graph.lifting import lifted
from tests.truth import models

Shape = tuple[int, int, int]


def valid_conv() -> nn.Module:
    """No padding at all: the only convolution for which the paper's per-channel bias is right."""
    return models._settled(
        nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10)), seed=20
    )


FOLDABLE: list[tuple[Callable[[], nn.Module], Shape]] = [
    (models.small_cnn, models.IMAGE),  # 3x3, padded with zeros
    (models.residual, models.IMAGE),  # stride 2, padded
    (models.mobile, models.IMAGE),  # a padding of its own before a strided convolution without bias
    (models.mlp, models.DIGIT),  # flattened, then linear
    (valid_conv, models.IMAGE),
]


def float64(build_: Callable[[], nn.Module], shape: Shape) -> Canonical:
    """As the check gets it."""
    return double(lifted(build_, "traced", shape))


def images(shape: Shape, n: int = 6) -> Batch:
    """Random images of multiples of 1/256 in [0, 1], float64, which the check leaves as they are."""
    x = torch.rand(n, *shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64).mul(256).round() / 256
    low, high, mean = (torch.full((shape[0],), value, dtype=torch.float64) for value in (0.0, 1.0, 0.5))
    return Batch(x, torch.arange(n) % 3, tuple(range(n)), Box(low, high, mean))


def shifts(shape: Shape) -> dict[str, Tensor]:
    """The paper's constant and checkerboard, one value a channel, and any image at all."""
    board = (torch.arange(shape[1])[:, None] + torch.arange(shape[2])).remainder(2).double()
    channels = torch.linspace(-2, 1, shape[0], dtype=torch.float64)[:, None, None]
    noise = torch.randn(shape, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    return {
        "constant": -torch.ones(shape, dtype=torch.float64), "checkerboard": board.expand(shape).clone(),
        "channels": channels.expand(shape).clone(), "any": noise,
    }  # fmt: skip
