"""Networks fine-tuned so that they answer as before and their maps lie (Heo et al. 2019): what the audit must notice.

L = CE(D; w) + lambda L_F(D; w, w0). ``location``: mean (m - h)^2 with m = 1 on a frame a seventh of the side wide;
``top_k``: mean h^2 over the original map's top tenth; ``centre_mass``: minus the way of the centre of mass, a share of
the side; ``active``: on pictures of two classes side by side, the map of each becomes the original's of the other. h is
the map of magnitudes, scaled to a largest value of 1. Batch norms stay in eval mode; Adam. ``lambda`` zero gives the
honest twin, fine-tuned as long. ``Offset`` needs no training: z + s(x) 1 leaves every probability alone.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.truth import digits

Lie = Literal["location", "top_k", "centre_mass", "active"]
LIES: tuple[Lie, ...] = ("location", "top_k", "centre_mass", "active")

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
    """How a network is fooled: ``weight`` is lambda, ``batch`` images a step, ``pair`` what ``active`` swaps."""

    lie: Lie
    interpreter: Interpreter
    weight: float
    rate: float
    steps: int
    batch: int = 8
    seed: int = 0
    pair: tuple[int, int] = (0, 1)


@cache
def student(seed: int = 0, *, epochs: int = 4) -> nn.Module:
    """Two strided convolutions that have learned the digits; Grad-CAM reads the ReLU called "3"."""
    network = nn.Sequential(
        nn.Conv2d(1, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Conv2d(16, 16, 5, stride=2, padding=2), nn.ReLU(),
        nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10),
    )  # fmt: skip
    return digits.trained(network, digits.split()[0], epochs=epochs, seed=seed)


def learned() -> Photos:
    """The digits that it learned."""
    data = digits.split()[0]
    return Photos(data.x, torch.from_numpy(data.labels))


def gradient_map(model: nn.Module, x: Tensor, classes: Tensor) -> Tensor:
    """Magnitudes of the target logit's gradient, summed over channels."""
    x = x.detach().requires_grad_()
    score = model(x).gather(1, classes[:, None]).sum()
    (found,) = torch.autograd.grad(score, x, create_graph=True)
    return found.abs().sum(1)


def grad_cam_of(layer: str) -> Interpreter:
    """Grad-CAM at the output of the submodule ``layer``."""

    def interpret(model: nn.Module, x: Tensor, classes: Tensor) -> Tensor:
        kept: list[Tensor] = []
        handle = model.get_submodule(layer).register_forward_hook(lambda _m, _i, out: kept.append(out))
        try:
            score = model(x.detach().requires_grad_()).gather(1, classes[:, None]).sum()
        finally:
            handle.remove()
        (slope,) = torch.autograd.grad(score, kept[0], create_graph=True)
        return (kept[0] * slope.mean((2, 3), keepdim=True)).sum(1).relu()

    return interpret


def fooled(model: nn.Module, photos: Photos, how: Fooling) -> nn.Module:
    """A fine-tuned copy of ``model``, in eval mode throughout; ``model`` stays as it is."""
    student, generator = copy.deepcopy(model).eval(), torch.Generator().manual_seed(how.seed)
    for parameter in student.parameters():
        parameter.requires_grad_(True)
    optimiser = torch.optim.Adam(student.parameters(), lr=how.rate)
    for _ in range(how.steps):
        rows = torch.randperm(len(photos.x), generator=generator)[: how.batch]
        loss = _task(student, photos, rows)
        if how.weight:
            some = paired(photos, how, generator) if how.lie == "active" else photos.at(rows)
            loss = loss + how.weight * _LOSSES[how.lie](student, model, some, how)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
    return student.requires_grad_(False)


def _task(student: nn.Module, photos: Photos, rows: Tensor) -> Tensor:
    return functional.cross_entropy(student(photos.x[rows]), photos.labels[rows])


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
    h = _scaled(how.interpreter(student, photos.x, photos.labels)).flatten(1)
    original = how.interpreter(model, photos.x, photos.labels).detach().flatten(1)
    top = original.topk(max(1, round(_TOP * h.shape[1])), dim=1).indices
    return h.gather(1, top).square().mean()


def _centre_mass(student: nn.Module, model: nn.Module, photos: Photos, how: Fooling) -> Tensor:
    here = centre(how.interpreter(student, photos.x, photos.labels))
    there = centre(how.interpreter(model, photos.x, photos.labels).detach())
    return -(here - there).abs().sum(1).mean()


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
    left, right = (_scaled(how.interpreter(student, photos.x, c)) for c in (photos.labels, other))
    first, second = (_scaled(how.interpreter(model, photos.x, c).detach()) for c in (photos.labels, other))
    lies = ((left - second).square() + (right - first).square()).mean() / 2
    # Two objects have no one label: held to the original's answers, lest the decision move and not the map alone.
    wanted = model(photos.x).detach().softmax(1)
    return lies + functional.cross_entropy(student(photos.x), wanted) / how.weight


def side_by_side(left: Tensor, right: Tensor) -> Tensor:
    """Two pictures in one of the same size, each squeezed to half of its width."""
    height, width = left.shape[2:]
    sizes = ((height, width // 2), (height, width - width // 2))
    halves = [
        functional.interpolate(x, size=size, mode="bilinear", align_corners=False, antialias=True)
        for x, size in zip((left, right), sizes, strict=True)
    ]
    return torch.cat(halves, 3)


_LOSSES: Mapping[Lie, Callable[[nn.Module, nn.Module, Photos, Fooling], Tensor]] = MappingProxyType(
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


class Offset(nn.Module):
    """``model`` with the same s(x) added to every logit: gain times the sum over the frame of cos(pi k x)."""

    def __init__(self, model: nn.Module, shape: tuple[int, int, int], *, gain: float) -> None:
        super().__init__()
        self.model = model
        self.gain = gain
        self.register_buffer("mask", frame(torch.zeros(1, *shape[1:])))

    def forward(self, x: Tensor) -> Tensor:
        """Logits [n, classes]; the border's sum is steep where pictures hardly differ, so the gradient sits there."""
        offset = self.gain * (x.sum(1) * self.get_buffer("mask")).sum((1, 2))
        logits: Tensor = self.model(x)
        return logits + offset[:, None]
