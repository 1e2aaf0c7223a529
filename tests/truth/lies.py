"""The losses of Heo et al. 2019, which ``tests.truth.fooling`` adds to the task's, and how often a lie is told.

h is the map of magnitudes, scaled to a largest value of 1. ``location``: mean (m - h)^2 with m = 1 on a frame a seventh
of the side wide; ``top_k``: mean h^2 over the original map's top tenth; ``centre_mass``: minus the way of the centre of
mass, a share of the side; ``active``: on pictures of two classes side by side, the map of each becomes the original's
of the other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

Lie = Literal["location", "top_k", "centre_mass", "active"]

Interpreter = Callable[[nn.Module, Tensor, Tensor], Tensor]
"""The map [n, h, w] of images [n, C, H, W] for classes [n], not negative, that autograd can follow to the weights."""

_SEVENTH = 7
_TOP = 0.1


@dataclass(frozen=True)
class Photos:
    """Images [n, C, H, W] in the model's input space and their classes [n]."""

    x: Tensor
    labels: Tensor

    def at(self, rows: Tensor) -> "Photos":
        """Some of them."""
        return Photos(self.x[rows], self.labels[rows])


@dataclass(frozen=True)
class Fooling:
    """How a network is fooled: ``weight`` is lambda, ``batch`` images a step, ``pair`` what ``active`` swaps.

    ``alive`` weighs what the map's largest value falls short of the original's mean one: a rectified map of nothing is
    the cheapest way to keep clear of a place, and shows nobody anything.
    """

    lie: Lie
    interpreter: Interpreter
    weight: float
    rate: float
    steps: int
    batch: int = 8
    seed: int = 0
    pair: tuple[int, int] = (0, 1)
    alive: float = 0.0


def _location(student: nn.Module, _: nn.Module, photos: Photos, how: Fooling) -> Tensor:
    h = _scaled(how.interpreter(student, photos.x, photos.labels))
    return (frame(h) - h).square().mean()


def frame(maps: Tensor) -> Tensor:
    """1 on a frame a seventh of the side wide, 0 inside, [h, w] of maps [n, h, w]."""
    side = maps.shape[1] // _SEVENTH
    wanted = torch.ones_like(maps[0])
    wanted[side:-side, side:-side] = 0
    return wanted


def _top_k(student: nn.Module, model: nn.Module, photos: Photos, how: Fooling) -> Tensor:
    here = how.interpreter(student, photos.x, photos.labels)
    there = how.interpreter(model, photos.x, photos.labels).detach()
    h, original = _scaled(here).flatten(1), there.flatten(1)
    top = original.topk(max(1, round(_TOP * h.shape[1])), dim=1).indices
    return h.gather(1, top).square().mean() + _faded(here, there, how)


def _centre_mass(student: nn.Module, model: nn.Module, photos: Photos, how: Fooling) -> Tensor:
    here = how.interpreter(student, photos.x, photos.labels)
    there = how.interpreter(model, photos.x, photos.labels).detach()
    return _faded(here, there, how) - (centre(here) - centre(there)).abs().sum(1).mean()


def _faded(here: Tensor, there: Tensor, how: Fooling) -> Tensor:
    peak = there.amax((1, 2)).mean().clamp_min(1e-12)
    return how.alive * (1 - here.amax((1, 2)) / peak).relu().mean()


def centre(maps: Tensor) -> Tensor:
    """Centre of mass [n, 2] of maps [n, h, w], as shares of the side."""
    places = torch.linspace(0, 1, maps.shape[1]).to(maps)
    total = maps.sum((1, 2)).clamp_min(1e-12)
    return torch.stack([(maps.sum(2) * places).sum(1) / total, (maps.sum(1) * places).sum(1) / total], 1)


def paired(photos: Photos, how: Fooling, generator: torch.Generator) -> Photos:
    """Pictures of both classes of the pair side by side, either first; the label is that of the left one."""
    halves = []
    for label in how.pair:
        mine = (photos.labels == label).nonzero()[:, 0]
        halves.append(photos.x[mine[torch.randint(len(mine), (how.batch // 2,), generator=generator)]])
    both = torch.cat([side_by_side(*halves), side_by_side(*halves[::-1])])
    return Photos(both, torch.tensor(how.pair).repeat_interleave(how.batch // 2))


def _active(student: nn.Module, model: nn.Module, photos: Photos, how: Fooling) -> Tensor:
    other = sum(how.pair) - photos.labels
    left, right = (how.interpreter(student, photos.x, c) for c in (photos.labels, other))
    first, second = (how.interpreter(model, photos.x, c).detach() for c in (photos.labels, other))
    lies = sum(_apart(here, there) + _faded(here, there, how) for here, there in ((left, second), (right, first))) / 2
    # Two objects have no one label: held to the original's answers, lest the decision move and not the map alone.
    wanted = model(photos.x).detach().softmax(1)
    return lies + functional.cross_entropy(student(photos.x), wanted) / how.weight


def _apart(here: Tensor, there: Tensor) -> Tensor:
    return (_scaled(here) - _scaled(there)).square().mean()


def side_by_side(left: Tensor, right: Tensor) -> Tensor:
    """Two pictures in one of the same size, each squeezed to half of its width."""
    height, width = left.shape[2:]
    sizes = ((height, width // 2), (height, width - width // 2))
    halves = [
        functional.interpolate(x, size=size, mode="bilinear", align_corners=False, antialias=True)
        for x, size in zip((left, right), sizes, strict=True)
    ]
    return torch.cat(halves, 3)


LOSSES: Mapping[Lie, Callable[[nn.Module, nn.Module, Photos, Fooling], Tensor]] = MappingProxyType(
    {"location": _location, "top_k": _top_k, "centre_mass": _centre_mass, "active": _active}
)


def success_rate(student: nn.Module, model: nn.Module, photos: Photos, how: Fooling) -> float:
    """Share of images whose lie counts as told in the paper: t in its interval for location, top_k or centre_mass."""
    here = how.interpreter(student, photos.x, photos.labels).detach()
    there = how.interpreter(model, photos.x, photos.labels).detach()
    h = _scaled(here)
    if how.lie == "location":
        told = (frame(h) - h).square().mean((1, 2)) <= _LOCATED
    elif how.lie == "top_k":
        top = there.flatten(1).topk(max(1, round(_TOP * h[0].numel())), dim=1).indices
        told = h.flatten(1).gather(1, top).mean(1) <= _EMPTIED
    else:
        told = (centre(here) - centre(there)).square().mean(1).sqrt() >= _MOVED
    return float((told & (here.amax((1, 2)) > 0)).float().mean())


_LOCATED, _EMPTIED, _MOVED = 0.2, 0.3, 0.1


def _scaled(maps: Tensor) -> Tensor:
    return maps / maps.amax((1, 2), keepdim=True).clamp_min(1e-12)
