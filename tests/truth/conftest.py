"""Networks trained once for all truth tests: seeded, on one thread, in seconds."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import torch
from torch import nn

from tests.truth import digits, models
from tests.truth.digits import Digits


@dataclass(frozen=True)
class Trained:
    """A network, its TorchScript file, its test accuracy, and 50 digits that it classifies rightly, five a class."""

    network: nn.Sequential
    file: bytes
    accuracy: float
    digits: Digits


@pytest.fixture(scope="session")
def one_thread() -> Iterator[None]:
    """Sums in one order, so that training gives the same weights each time."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def trained(network: nn.Sequential, *, epochs: int) -> Trained:
    """Train on the digits and keep what an upload needs."""
    train, test = digits.split()
    digits.trained(network, train, epochs=epochs)
    file = models.as_torchscript(network, digits.SHAPE, "traced")
    chosen = digits.balanced(network, test, per_class=5)
    return Trained(network, file, digits.accuracy(network, test), chosen)


@pytest.fixture(scope="session")
def small(one_thread: None) -> Trained:
    """The narrow CNN."""
    return trained(digits.cnn(digits.SMALL), epochs=8)


@pytest.fixture(scope="session")
def adebayo(one_thread: None) -> Trained:
    """The CNN of the 2018 paper."""
    return trained(digits.cnn(digits.ADEBAYO), epochs=6)


@pytest.fixture(scope="session")
def perceptron(one_thread: None) -> Trained:
    """The MLP of the 2017 paper, narrower."""
    return trained(digits.mlp(), epochs=8)
