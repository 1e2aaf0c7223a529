"""From token to token through all blocks, and from the tokens that the classifier reads back to the image."""

from collections.abc import Iterable
from functools import reduce
from typing import Any

from torch import Tensor

from junco.audit.model import Attention, Canonical


def no_attention(model: Canonical, _parameters: Any) -> str | None:
    """Why ``model`` has no attention to draw, or None."""
    return model.attention if isinstance(model.attention, str) else None


def attention_of(model: Canonical) -> Attention:
    """Where the tokens of ``model`` attend, for a method that is not refused."""
    assert isinstance(model.attention, Attention), "refused before any work"
    return model.attention


def rolled(blocks: Iterable[Tensor]) -> Tensor:
    """Product of ``blocks`` [n, tokens, tokens], the last one leftmost."""
    return reduce(lambda below, block: block @ below, blocks)


def read(attention: Attention, flow: Tensor) -> Tensor:
    """Patches' shares [n, 1, h, w] in what the classifier reads of ``flow`` [n, tokens, tokens]."""
    rows = flow[:, list(attention.read)].mean(dim=1)
    grid = attention.grid
    return rows[:, grid.prefix :].reshape(-1, 1, grid.height, grid.width)
