"""Training a canonical graph from scratch, in place, and putting back what it was.

Every tensor of every step is drawn anew (Kaiming normal, as parameter_randomization's ``reinit``), running statistics
are forgotten, and the network learns by Adam on cross-entropy; batch norms take the batch's statistics while it learns
and their running ones when it answers. The graph has no dropout: lifting takes it away. A training is a function of
its data, its recipe and its seed; the sums inside it are equal to the last bit on one type of machine at one thread
count.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional

from junco.audit.checks.randomise import generator_for, randomised
from junco.audit.model import Canonical
from junco.audit.partial import Tick
from junco.contract.catalogue import Arm
from junco.contract.training import PASSES, Training

_AT_ONCE = 64
"""Images in one pass where only answers are counted."""


@dataclass(frozen=True)
class School:
    """Images [n, C, H, W] with their labels [n], and how they are learned."""

    x: Tensor
    labels: Tensor
    training: Training
    tick: Tick = lambda _: None


@dataclass
class History:
    """Mean loss of each epoch, and the train accuracy after it."""

    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)


@contextmanager
def schooled(model: Canonical, school: School, *, seed: int) -> Iterator[History]:
    """``model`` trained on ``school`` in place; every parameter and statistic is put back on leaving."""
    with randomised(model, arm=Arm.REINIT, seed=seed, calibration=()) as cascade:
        cascade.descend(len(model.steps))
        for norm in _norms(model):
            norm.reset_running_stats()
        history = History()
        with _teachable(model) as tensors:
            _teach(model, school, tensors, seed=seed, history=history)
        left = school.training.epochs - len(history.loss)
        school.tick(left * PASSES * len(school.x))  # what an early end has saved
        yield history


def accuracy(model: Canonical, x: Tensor, labels: Tensor) -> float:
    """Share of ``x`` that ``model`` classifies as ``labels``."""
    return float((answers(model, x).argmax(1) == labels).double().mean())


def answers(model: Canonical, x: Tensor) -> Tensor:
    """Logits [n, classes]."""
    with torch.no_grad():
        return torch.cat([model(part) for part in torch.split(x, _AT_ONCE)])


def _teach(model: Canonical, school: School, tensors: list[Tensor], *, seed: int, history: History) -> None:
    optimiser = torch.optim.Adam(tensors, lr=school.training.recipe.learning_rate)
    order = generator_for("order", seed)
    for _ in range(school.training.epochs):
        history.loss.append(_epoch(model, school, optimiser, order))
        history.accuracy.append(accuracy(model, school.x, school.labels))
        school.tick(PASSES * len(school.x))
        if history.accuracy[-1] >= school.training.recipe.stop or history.loss[-1] != history.loss[-1]:
            return


def _epoch(model: Canonical, school: School, optimiser: torch.optim.Optimizer, order: torch.Generator) -> float:
    """One pass over the data; its mean loss, NaN where it diverged."""
    count, size, total = len(school.x), school.training.recipe.batch_size, 0.0
    # Equal parts, since a last batch of one has no statistics.
    parts = torch.randperm(count, generator=order).to(school.x.device).tensor_split(-(-count // size))
    with _learning(model):
        for rows in parts:
            optimiser.zero_grad()
            loss = functional.cross_entropy(model(school.x[rows]), school.labels[rows])
            loss.backward()  # type: ignore[no-untyped-call]  # not in torch's stubs
            optimiser.step()
            total += float(loss.detach()) * len(rows)
    return total / count


@contextmanager
def _teachable(model: Canonical) -> Iterator[list[Tensor]]:
    """The tensors of all steps with gradients on, convolutions in an order that repeats."""
    state = dict(model.module.named_parameters()) | dict(model.module.named_buffers())
    tensors = [state[name] for step in model.steps for name in step.tensors]
    before = [tensor.requires_grad for tensor in tensors]
    try:
        for tensor in tensors:
            tensor.requires_grad_(True)
        with torch.enable_grad(), torch.backends.cudnn.flags(deterministic=True, benchmark=False):
            yield tensors
    finally:
        for tensor, wanted in zip(tensors, before, strict=True):
            tensor.requires_grad_(wanted)
            tensor.grad = None


@contextmanager
def _learning(model: Canonical) -> Iterator[None]:
    norms = _norms(model)
    try:
        for norm in norms:
            norm.train()
        yield
    finally:
        for norm in norms:
            norm.eval()


def _norms(model: Canonical) -> list[nn.modules.batchnorm._BatchNorm]:
    modules = model.module.modules()
    return [m for m in modules if isinstance(m, nn.modules.batchnorm._BatchNorm) and m.running_mean is not None]
