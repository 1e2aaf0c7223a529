"""A model that never ends: a real TorchScript file, as harmless as an endless loop can be."""

import io

import pytest
import torch


class Endless(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        total = x.sum()
        while bool(total == total):
            total = total * 0 + 1
        return x.flatten(1)


@pytest.fixture(scope="session")
def endless() -> bytes:
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(Endless()), buffer)
    return buffer.getvalue()
