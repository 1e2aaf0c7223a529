"""Holding a graph, while it is made, against the program that it is made of."""

from collections.abc import Callable

import torch
from torch import Tensor

Answer = Callable[[Tensor], Tensor]


@torch.no_grad()
def steady(answer: Answer, x: Tensor) -> bool:
    """Whether a program answers the same twice."""
    return torch.equal(answer(x), answer(x))


def unusual(x: Tensor) -> list[Tensor]:
    """Images that a branch might treat otherwise than noise: black, dark, wide, and in the range of bytes."""
    return [torch.zeros_like(x), -x.abs(), 10 * x, 255 * x.abs().clamp(max=1)]


@torch.no_grad()
def agree(ours: Answer, theirs: Answer, x: Tensor) -> bool:
    """Whether both answer about the same scores; True where the program refuses ``x``, or answers no finite numbers.

    Loose: a wrong graph is told here, a slightly different one by the parity gate.
    """
    try:
        wanted = theirs(x)
    except Exception:
        return True
    if not bool(torch.isfinite(wanted).all()):
        return True
    atol = 0.05 * float(wanted.abs().max())
    return torch.allclose(ours(x.clone()).reshape(len(x), -1), wanted, rtol=0, atol=atol)
