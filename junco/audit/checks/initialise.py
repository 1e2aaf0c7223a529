"""What a layer's tensors are, and how each is destroyed: drawn anew by an initialiser, or shuffled."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor, nn

from junco.audit.graph.blackbox import Holder, Part, Role
from junco.audit.model import Canonical, Step
from junco.contract.randomization import Distribution, Initialiser

WEIGHTED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.GroupNorm, nn.LayerNorm, nn.InstanceNorm2d)


@dataclass(frozen=True)
class Target:
    """A tensor to destroy. ``owner`` names its module; an offset's ``part`` has the fan-in of its layer's weight."""

    name: str
    owner: str
    tensor: Tensor
    part: Part
    norm: bool


def state_of(model: Canonical) -> dict[str, Tensor]:
    """All parameters and buffers by name, not copied."""
    return dict(model.module.named_parameters()) | dict(model.module.named_buffers())


def targets(model: Canonical, step: Step) -> Iterator[Target]:
    """The tensors of ``step``, in its order."""
    state = state_of(model)
    for name in step.tensors:
        path, _, leaf = name.rpartition(".")
        owner, tensor = model.submodule(path), state[name]
        if isinstance(owner, Holder):  # a black box: the file's operations have said what each tensor does
            yield Target(name, path, tensor, owner.junco_parts[leaf], norm=False)
        else:
            part = Part(_role(owner, leaf), _fan_in(owner, tensor))
            yield Target(name, path, tensor, part, norm=isinstance(owner, _NORMS))


def _fan_in(owner: nn.Module, tensor: Tensor) -> int:
    return math.prod((owner.weight if isinstance(owner, WEIGHTED) else tensor).shape[1:])


def _role(owner: nn.Module, leaf: str) -> Role:
    if isinstance(owner, _NORMS):
        return Role.SCALE if leaf == "weight" else Role.OFFSET
    if isinstance(owner, WEIGHTED):
        return Role.WEIGHT if leaf == "weight" else Role.OFFSET
    return Role.RAW


def left_alone(target: Target, how: Initialiser) -> bool:
    """Whether ``how`` does not touch this tensor."""
    return target.part.role is Role.RAW and not how.raw


def reinit(target: Target, how: Initialiser, generator: torch.Generator, *, keras: bool) -> None:
    """Draw ``target`` in place; ``keras`` says which framework's default ``framework`` means."""
    tensor, role = target.tensor, target.part.role
    if role is Role.SCALE:
        tensor.fill_(1)
    elif role is Role.OFFSET and target.norm:
        tensor.zero_()
    elif role is Role.RAW:
        if how.raw:
            _raw(tensor, generator)
    elif role is Role.OFFSET and how.bias is not None and how.distribution is not Distribution.FRAMEWORK:
        tensor.fill_(how.bias)
    else:
        tensor.copy_((_glorot if keras else _DRAWS[how.distribution])(target, how, generator))


def permute(tensor: Tensor, generator: torch.Generator) -> None:
    """Shuffle the entries of ``tensor`` in place."""
    before = tensor.flatten().clone()
    # Of few entries, such as two classes' biases, many orders are the one they had: draw until something moves.
    for _ in range(_PERMUTATIONS if bool((before != before[:1]).any()) else 0):
        order = torch.randperm(before.numel(), generator=generator).to(tensor.device)
        tensor.copy_(before[order].view_as(tensor))
        if not torch.equal(tensor.flatten(), before):
            return


_PERMUTATIONS = 64
"""Permutations tried; the unluckiest tensor, all entries equal but one of two, stays with probability 2^-64."""


def _raw(tensor: Tensor, generator: torch.Generator) -> None:
    """A raw parameter (class token, position, layer scale) has no fan-in; it keeps its own root mean square."""
    draw = torch.randn(tensor.shape, generator=generator, dtype=torch.float64)
    tensor.copy_(draw * float(tensor.double().square().mean().sqrt()))


def _kaiming_normal(target: Target, _how: Initialiser, generator: torch.Generator) -> Tensor:
    draw = torch.randn(target.tensor.shape, generator=generator, dtype=torch.float64)
    return draw * math.sqrt(2 / target.part.fan_in)


def _truncated_normal(target: Target, how: Initialiser, generator: torch.Generator) -> Tensor:
    std = how.std / math.sqrt(target.part.fan_in) if how.fan_in else how.std
    draw = torch.empty(target.tensor.shape, dtype=torch.float64)
    return nn.init.trunc_normal_(draw, 0, std, -2 * std, 2 * std, generator=generator)


def _torch_default(target: Target, _how: Initialiser, generator: torch.Generator) -> Tensor:
    """Kaiming uniform with a = sqrt 5 for weights, +- 1 / sqrt(fan-in) for biases: torch's linear and conv layers."""
    fan_in = target.part.fan_in
    if target.part.role is Role.WEIGHT:
        bound = math.sqrt(3.0) * (math.sqrt(2.0 / (1 + math.sqrt(5) ** 2)) / math.sqrt(fan_in))
    else:
        bound = 1 / math.sqrt(fan_in)
    # Drawn in the tensor's own precision and in the order of its places, as reset_parameters does.
    return torch.empty(target.tensor.shape, dtype=target.tensor.dtype).uniform_(-bound, bound, generator=generator)


def _glorot(target: Target, _how: Initialiser, generator: torch.Generator) -> Tensor:
    """Keras' default for dense and convolutional layers: uniform by fan-in and fan-out, biases 0."""
    shape = target.tensor.shape
    if target.part.role is not Role.WEIGHT:
        return torch.zeros(shape)
    # Dense weights of some files lie [in, out]: what is not the fan-in is the fan-out, whatever the order.
    bound = math.sqrt(6 / (target.part.fan_in + _fan_out(target)))
    return torch.empty(shape, dtype=torch.float64).uniform_(-bound, bound, generator=generator)


def _fan_out(target: Target) -> float:
    shape = target.tensor.shape
    if len(shape) <= 2:
        return target.tensor.numel() / target.part.fan_in
    return shape[0] * math.prod(shape[2:])


_DRAWS: Mapping[Distribution, Callable[[Target, Initialiser, torch.Generator], Tensor]] = MappingProxyType(
    {
        Distribution.KAIMING_NORMAL: _kaiming_normal,
        Distribution.TRUNCATED_NORMAL: _truncated_normal,
        Distribution.FRAMEWORK: _torch_default,
    }
)
