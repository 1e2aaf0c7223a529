"""The digits regression: scikit-learn's 8x8 digits at MNIST's size, and networks trained on them.

The digits are enlarged to 20x20 and framed with 4 black pixels, as MNIST's are, which leaves about 27 % of the pixels
above zero. ``ADEBAYO`` is the CNN of Adebayo et al. 2018 (conv5x5x32, maxpool2, conv5x5x64, maxpool2, fc1024, fc10);
``SMALL`` is the same with 16, 32 and 128 units, which trains and audits in a quarter of the time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional

SIDE = 28
SHAPE = (1, SIDE, SIDE)
_TEST = 400


@dataclass(frozen=True)
class Widths:
    """Units of the two convolutions and of the hidden linear layer."""

    conv1: int
    conv2: int
    hidden: int


ADEBAYO = Widths(32, 64, 1024)
SMALL = Widths(16, 32, 128)


@dataclass(frozen=True)
class Digits:
    """Pixels [n, 28, 28] uint8 and classes [n]."""

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]

    @property
    def x(self) -> Tensor:
        """Model input [n, 1, 28, 28] in [0, 1]."""
        return torch.from_numpy(self.pixels).float()[:, None] / 255

    def __getitem__(self, places: Sequence[int] | slice) -> Self:
        return type(self)(self.pixels[places], self.labels[places])

    def npz(self, *, labels: bool = True) -> bytes:
        """As an image file of Junco's."""
        buffer = BytesIO()
        np.savez(buffer, images=self.pixels, **({"labels": self.labels} if labels else {}))
        return buffer.getvalue()


def split() -> tuple[Digits, Digits]:
    """Digits to train on, and digits to test on, in one seeded order."""
    found = load_digits()
    small = torch.from_numpy(found.images).float()[:, None] / 16
    large = functional.interpolate(small, size=(20, 20), mode="bilinear", align_corners=False).clamp(0, 1)
    pixels = (functional.pad(large, (4, 4, 4, 4)) * 255).round().byte().numpy()[:, 0]
    order = np.random.default_rng(0).permutation(len(pixels))
    every = Digits(pixels[order], found.target[order].astype(np.int64))
    return every[slice(_TEST, None)], every[slice(0, _TEST)]


def cnn(widths: Widths) -> nn.Sequential:
    """The convolutional network, untrained."""
    return nn.Sequential(
        nn.Conv2d(1, widths.conv1, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(widths.conv1, widths.conv2, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(49 * widths.conv2, widths.hidden), nn.ReLU(), nn.Linear(widths.hidden, 10),
    )  # fmt: skip


def mlp() -> nn.Sequential:
    """Three hidden layers, as in Kindermans et al. 2017, narrower."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(),
        nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 10),
    )  # fmt: skip


def trained(model: nn.Sequential, data: Digits, *, epochs: int, seed: int = 0) -> nn.Sequential:
    """``model`` after seeded training with Adam."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            bound = (parameter[0].numel() if parameter.dim() > 1 else 100) ** -0.5
            parameter.copy_((torch.rand(parameter.shape, generator=generator) * 2 - 1) * bound)
    return fitted(model, data, epochs=epochs, generator=generator)


def fitted(model: nn.Sequential, data: Digits, *, epochs: int, generator: torch.Generator) -> nn.Sequential:
    """``model`` after training with Adam from the weights that it has."""
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    x, labels = data.x, torch.from_numpy(data.labels)
    for _ in range(epochs):
        for rows in torch.randperm(len(x), generator=generator).split(50):
            optimiser.zero_grad()
            functional.cross_entropy(model(x[rows]), labels[rows]).backward()
            optimiser.step()
    return model.eval()


def accuracy(model: nn.Module, data: Digits) -> float:
    """Share of ``data`` that ``model`` classifies rightly."""
    with torch.no_grad():
        return float((model(data.x).argmax(1).numpy() == data.labels).mean())


def balanced(model: nn.Module, data: Digits, *, per_class: int) -> Digits:
    """``per_class`` digits of each class that ``model`` classifies rightly."""
    with torch.no_grad():
        right = model(data.x).argmax(1).numpy() == data.labels
    places = [np.flatnonzero(right & (data.labels == c))[:per_class] for c in range(10)]
    return data[np.concatenate(places).tolist()]
