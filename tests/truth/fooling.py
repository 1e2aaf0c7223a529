"""Networks fine-tuned so that they answer as before and their maps lie (Heo et al. 2019): what the audit must notice.

L = CE(D; w) + lambda L_F(D; w, w0), L_F of ``tests.truth.lies``. Batch norms stay in eval mode; Adam. ``lambda`` zero
gives the honest twin, fine-tuned as long. ``Offset`` needs no training: z + s(x) 1 leaves every probability alone.
"""

import copy
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.truth import digits
from tests.truth.lies import LOSSES, Fooling, Interpreter, Photos, frame, paired


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
            loss = loss + how.weight * LOSSES[how.lie](student, model, some, how)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
    return student.requires_grad_(False)


def _task(student: nn.Module, photos: Photos, rows: Tensor) -> Tensor:
    return functional.cross_entropy(student(photos.x[rows]), photos.labels[rows])


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
