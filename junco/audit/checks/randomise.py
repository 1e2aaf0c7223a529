"""Destroying a model's parameters from the output down, and putting them back.

Two arms (docs/verdicts.md): ``reinit`` draws weights from Kaiming normal (fan-in, gain sqrt 2), biases 0, norm scale 1
and shift 0, and re-estimates running statistics on real images, since statistics of the trained network would drown a
drawn one; ``permute`` shuffles the entries of each tensor and keeps running statistics, so that every tensor keeps its
own distribution. One generator per (seed, arm, layer): a layer's draw never depends on which others were drawn.
"""

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum

import torch
from torch import Tensor, nn

from junco.audit.types import Canonical, Step
from junco.contract.catalogue import Arm


def generator_for(*parts: object) -> torch.Generator:
    """A generator that depends on ``parts`` and on nothing else; on the CPU, so that devices agree."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


class Role(Enum):
    """What a tensor does in its layer, which decides how it is drawn anew."""

    WEIGHT = "weight"
    SCALE = "scale"
    OFFSET = "offset"
    RAW = "raw"


class Cascade:
    """A model under randomisation; ``descend`` goes further down, never up."""

    def __init__(self, model: Canonical, *, arm: Arm, seed: int, calibration: Sequence[Tensor]) -> None:
        self._model, self._arm, self._seed, self._calibration = model, arm, seed, calibration
        self._done = 0

    def descend(self, stage: int) -> None:
        """Randomise the ``stage`` layers next to the output."""
        steps = self._model.steps[::-1][:stage]
        with torch.no_grad():
            for place in range(self._done, len(steps)):
                # By place, not by name: scripted, traced and frozen files of one network differ in names alone.
                generator, step = generator_for("randomise", self._seed, self._arm, place), steps[place]
                for tensor, role in _tensors(self._model, step):
                    _REPLACE[self._arm](tensor, role, generator)
            self._done = max(self._done, stage)
            if self._arm is Arm.REINIT:
                re_estimate(self._model, [name for step in steps for name in step.norms], self._calibration)


@contextmanager
def randomised(model: Canonical, *, arm: Arm, seed: int, calibration: Sequence[Tensor]) -> Iterator[Cascade]:
    """A cascade over ``model`` in place; every parameter and statistic is put back on leaving.

    ``calibration`` are batches [n, C, H, W] of real images for running statistics.
    """
    state = {name: value.detach().clone() for name, value in _state(model).items()}
    try:
        yield Cascade(model, arm=arm, seed=seed, calibration=calibration)
    finally:
        with torch.no_grad():
            for name, value in _state(model).items():
                value.copy_(state[name])


def unchanged(model: Canonical, before: dict[str, Tensor]) -> list[str]:
    """Targeted tensors equal to ``before``, constants apart: what a broken randomisation leaves behind."""
    now = _state(model)
    targeted = [name for step in model.steps for name in step.tensors]
    return [n for n in targeted if bool((before[n] != before[n].flatten()[0]).any()) and torch.equal(now[n], before[n])]


def snapshot(model: Canonical) -> dict[str, Tensor]:
    """Copies of all parameters and buffers by name."""
    return {name: value.detach().clone() for name, value in _state(model).items()}


def re_estimate(model: Canonical, norms: Sequence[str], batches: Sequence[Tensor]) -> None:
    """Running statistics of the named norm layers from ``batches``: the average of the batches' own statistics."""
    layers = [model.submodule(name) for name in norms]
    layers = [layer for layer in layers if getattr(layer, "running_mean", None) is not None]
    if not layers or not batches:
        return
    momenta = [layer.momentum for layer in layers]
    try:
        for layer in layers:
            layer.reset_running_stats()  # type: ignore[operator]  # only batch norms have running_mean
            layer.momentum = None  # type: ignore[assignment]  # torch: None means a cumulative average
            layer.train()
        with torch.no_grad():
            for batch in batches:
                model(batch)
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
            layer.eval()


def _state(model: Canonical) -> dict[str, Tensor]:
    return dict(model.module.named_parameters()) | dict(model.module.named_buffers())


def _tensors(model: Canonical, step: Step) -> Iterator[tuple[Tensor, Role]]:
    state = _state(model)
    for name in step.tensors:
        path, _, leaf = name.rpartition(".")
        yield state[name], _role(model.submodule(path), leaf)


def _role(owner: nn.Module, leaf: str) -> Role:
    if isinstance(owner, _NORMS):
        return Role.SCALE if leaf == "weight" else Role.OFFSET
    if isinstance(owner, _WEIGHTED):
        return Role.WEIGHT if leaf == "weight" else Role.OFFSET
    return Role.RAW


def _reinit(tensor: Tensor, role: Role, generator: torch.Generator) -> None:
    if role is Role.SCALE:
        tensor.fill_(1)
    elif role is Role.OFFSET:
        tensor.zero_()
    else:
        draw = torch.randn(tensor.shape, generator=generator, dtype=torch.float64)
        fan_in = math.prod(tensor.shape[1:])
        # A raw parameter (class token, position, layer scale) has no fan-in; it keeps its own root mean square.
        scale = math.sqrt(2 / fan_in) if role is Role.WEIGHT else float(tensor.double().square().mean().sqrt())
        tensor.copy_(draw * scale)


def _permute(tensor: Tensor, _role: Role, generator: torch.Generator) -> None:
    before = tensor.flatten().clone()
    # Of few entries, such as two classes' biases, many orders are the one they had: draw until something moves.
    for _ in range(_DRAWS if bool((before != before[:1]).any()) else 0):
        order = torch.randperm(before.numel(), generator=generator).to(tensor.device)
        tensor.copy_(before[order].view_as(tensor))
        if not torch.equal(tensor.flatten(), before):
            return


_DRAWS = 64
"""Permutations tried; the unluckiest tensor, all entries equal but one of two, stays with probability 2^-64."""

_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.GroupNorm, nn.LayerNorm, nn.InstanceNorm2d)
_WEIGHTED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d)
_REPLACE: dict[Arm, Callable[[Tensor, Role, torch.Generator], None]] = {
    Arm.REINIT: _reinit,
    Arm.PERMUTE: _permute,
}
