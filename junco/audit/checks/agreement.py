"""The condition of input_shift: the second network answers x + m as the first answers x."""

from collections.abc import Mapping

import torch
from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.checks.dyadic import dyadic
from junco.audit.model import Canonical

_RANDOM_INPUTS = 16


def probed(
    model: Canonical, batch: Batch, *, seed: int, grid: float, random_inputs: int = _RANDOM_INPUTS
) -> tuple[Tensor, Tensor]:
    """The images and some random inputs, and the network's outputs on them."""
    generator = torch.Generator().manual_seed(seed)
    low, high = (edge.view(-1, 1, 1).cpu() for edge in (batch.box.low, batch.box.high))
    noise = torch.rand((random_inputs, *batch.x.shape[1:]), generator=generator, dtype=torch.float64)
    inputs = torch.cat([batch.x, dyadic((low + noise * (high - low)).to(batch.x), grid)])
    return inputs, _outputs(model, inputs)


def agreement(seen: tuple[Tensor, Tensor], twin: Canonical, shift: Tensor) -> Mapping[str, float | bool]:
    """How far ``twin`` on the inputs and the shift is from what was ``seen``, over the largest output."""
    inputs, ours = seen
    theirs = _outputs(twin, inputs + shift)
    worst = float((ours - theirs).abs().max() / ours.abs().max())
    return {"difference": worst, "argmax_equal": bool((ours.argmax(1) == theirs.argmax(1)).all())}


def _outputs(model: Canonical, inputs: Tensor) -> Tensor:
    with torch.no_grad():
        return torch.cat([model(part) for part in torch.split(inputs, 8)])
