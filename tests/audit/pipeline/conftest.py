"""One small measured job for all tests that only look at it or change copies of its partials."""

import pytest
from torch import nn

from tests.truth import digits, models, product
from tests.truth.product import Job

CHECKS = ["parameter_randomization", "input_shift"]
METHODS = ["gradient", "guided_backprop", "grad_cam", {"method": "smoothgrad", "parameters": {"samples": 3}}]


def network() -> nn.Sequential:
    """Two small convolutions, weights drawn; no training, since nothing here depends on what was learned."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(392, 32), nn.ReLU(), nn.Linear(32, 10),
    )  # fmt: skip


def file(kind: models.Kind = "traced") -> bytes:
    """The network as an upload."""
    return models.as_torchscript(models._settled(network(), seed=4), digits.SHAPE, kind)


@pytest.fixture(scope="session")
def job() -> Job:
    """22 digits under the quick profile, two groups' worth of controls and four methods."""
    _, test = digits.split()
    return product.measured(file(), test[slice(0, 22)], METHODS, profile="quick", checks=CHECKS)
