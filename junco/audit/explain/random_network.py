"""A network of the same architecture that has learned nothing, and is the same whatever was learned."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn

_RAW = 0.02


@contextmanager
def random_weights(module: nn.Module, *, seed: int) -> Iterator[None]:
    """``module`` with weights drawn from ``seed``, zero biases and neutral norms, in place of all its own.

    He et al., Delving Deep into Rectifiers, 2015: N(0, 2 / fan in), which keeps a signal's size from layer to layer.
    Running statistics are 0 and 1. Raw parameters (tokens, positions) are N(0, 0.02^2), as transformers start.
    """
    generator = torch.Generator().manual_seed(seed)
    with ExitStack() as stack:
        for name, parameter in module.named_parameters():
            holder = module.get_submodule(name.rpartition(".")[0])
            stack.enter_context(_holding(parameter, _drawn(holder, name.rpartition(".")[2], parameter, generator)))
        for part in module.modules():
            for name, value in (("running_mean", 0.0), ("running_var", 1.0)):
                statistic = getattr(part, name, None)
                if isinstance(statistic, Tensor):
                    stack.enter_context(_holding(statistic, torch.full_like(statistic, value)))
        yield


@contextmanager
def _holding(tensor: Tensor, value: Tensor) -> Iterator[None]:
    """``tensor`` with another value for a while; its own is put aside, not copied."""
    own = tensor.data
    tensor.data = value
    try:
        yield
    finally:
        tensor.data = own


def _drawn(holder: nn.Module, name: str, like: Tensor, generator: torch.Generator) -> Tensor:
    if isinstance(holder, nn.PReLU):
        return torch.full_like(like, 0.25)
    if _is_norm(holder):
        return torch.ones_like(like) if name == "weight" else torch.zeros_like(like)
    if isinstance(holder, nn.Linear | nn.modules.conv._ConvNd):
        if name != "weight":
            return torch.zeros_like(like)
        return _normal(like, (2 / like[0].numel()) ** 0.5, generator)
    return _normal(like, _RAW, generator)


def _is_norm(holder: nn.Module) -> bool:
    return "Norm" in type(holder).__name__


def _normal(like: Tensor, scale: float, generator: torch.Generator) -> Tensor:
    # Drawn on the CPU in one type, so that every device and precision has the same network.
    drawn = torch.randn(like.shape, generator=generator) * scale
    return torch.empty_like(like).copy_(drawn)
