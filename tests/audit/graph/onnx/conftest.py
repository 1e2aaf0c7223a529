"""A trained network, for what only a trained one can show."""

from collections.abc import Iterator

import pytest
import torch

from tests.truth import digits
from tests.truth.conftest import Trained, trained


@pytest.fixture(scope="session")
def small() -> Iterator[Trained]:
    """The narrow CNN of the digits, on one thread, so that training gives the same weights each time."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield trained(digits.cnn(digits.SMALL), epochs=8)
    torch.set_num_threads(before)
