"""Memory that runs out, however torch says it."""

import io

import pytest
import torch

from junco.audit.graph.load import load
from junco.audit.graph.memory import starved
from junco.contract.errors import MemoryExceeded
from tests.truth.models import as_torchscript, small_cnn

SHAPE = (3, 32, 32)


class Glutton(torch.nn.Module):
    """Asks for four exabytes."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(3, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x.mean((2, 3))) + torch.ones(1 << 40, 1 << 20)[0, 0]


def test_a_model_that_asks_for_too_much_is_said_to_want_memory_and_not_another_shape() -> None:
    """TorchScript says no by RuntimeError whatever the reason; this reason is told apart."""
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(Glutton().eval()), buffer)
    with pytest.raises(MemoryExceeded):
        load(buffer.getvalue(), input_shape=SHAPE)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes."), True),
        (torch.OutOfMemoryError("CUDA out of memory."), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_only_a_lack_of_memory_counts(error: Exception, expected: bool) -> None:
    """The words of torch's allocators, and nothing that merely mentions them."""
    assert starved(error) is expected


def test_an_ordinary_model_is_not_starved() -> None:
    """The negative control: the same loader takes a small network."""
    assert load(as_torchscript(small_cnn(), SHAPE, "scripted"), input_shape=SHAPE).classes == 10
