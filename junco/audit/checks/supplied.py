"""data_randomization on models that the user trained: their weights in the graph of the model that is judged.

One graph for all, so that maps differ by weights alone, and every method finds its layers by the names that it knows.
"""

from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager

import torch
from torch import Tensor, nn

from junco.audit.batch import Batch
from junco.audit.checks.data_randomization import LabelStudy, compared
from junco.audit.checks.randomise import randomised
from junco.audit.checks.training import accuracy, answers
from junco.audit.model import Canonical
from junco.audit.partial import Partial
from junco.contract.catalogue import Arm, Lesson
from junco.contract.errors import InvalidPlan

_CLOSE = 1e-4
"""Largest difference, over the largest logit, of a model to its weights in another graph: float32 adds up to less."""


def run(study: LabelStudy, batch: Batch, models: Mapping[Lesson, Canonical], labels: Tensor, *, keep: int) -> Partial:
    """Compare the judged model with ``models`` (permuted, and a twin if there is one) on ``batch``.

    ``labels`` [n] are those that the permuted one learned; ``batch.targets`` are the true ones. Arrays and facts as in
    ``data_randomization``. Raises InvalidPlan for another architecture.
    """
    facts: dict[str, object] = {}
    with closing(_networks(study, batch, models, labels, facts)) as networks:
        arrays = compared(study, batch, networks, draw="0", keep=keep)
    return Partial(arrays=arrays, facts={"lessons": facts})


def _networks(
    study: LabelStudy, batch: Batch, models: Mapping[Lesson, Canonical], labels: Tensor, facts: dict[str, object]
) -> Generator[Lesson, None, None]:
    facts[Lesson.TRUE] = _told(study.model, batch)
    yield Lesson.TRUE
    for lesson in (lesson for lesson in Lesson if lesson in models):
        with grafted(study.model, models[lesson], batch.x):
            facts[lesson] = _told(study.model, batch, labels if lesson is Lesson.PERMUTED else None)
            yield lesson


def _told(model: Canonical, batch: Batch, learned: Tensor | None = None) -> dict[str, object]:
    """Accuracy on the true labels, and on those that were learned where they are others; no curve is known."""
    known = [] if learned is None else [accuracy(model, batch.x, learned)]
    return {"loss": [], "accuracy": known, "tested": accuracy(model, batch.x, batch.targets)}


@contextmanager
def grafted(model: Canonical, other: Canonical, x: Tensor) -> Iterator[None]:
    """``model`` with the weights and statistics of ``other``, put back on leaving.

    Raises InvalidPlan unless layers agree in kind and shape, and answers to ``x`` [n, C, H, W] do.
    """
    _require_same(model, other)
    wanted = answers(other, x)
    with randomised(model, arm=Arm.REINIT, seed=0, calibration=()):  # for its way back
        with torch.no_grad():
            for ours, theirs in zip(_tensors(model), _tensors(other), strict=True):
                ours.copy_(theirs)
        off = float((answers(model, x) - wanted).abs().max() / wanted.abs().max().clamp_min(1e-12))
        if off > _CLOSE:
            raise _other("the same answers from the same weights", f"answers that differ by {off:.1e} of the largest")
        yield


def signature(model: Canonical) -> list[str]:
    """Each layer's kind and the shapes of its tensors, in execution order."""
    return [f"{step.kind} {[list(tensor.shape) for tensor in _of(model, i)]}" for i, step in enumerate(model.steps)]


def kin(model: Canonical, other: Canonical) -> bool:
    """Whether both have the same layers, the padding of convolutions included: it lights up the border of maps."""
    return signature(model) == signature(other) and _padding(model) == _padding(other)


def _padding(model: Canonical) -> list[str]:
    """Every convolution with its sizes, strides and padding, and every pad by itself."""
    convolutions = [str(layer) for layer in model.module.modules() if isinstance(layer, nn.modules.conv._ConvNd)]
    nodes = model.graph_module.graph.nodes if model.differentiable else ()
    return convolutions + [f"{node.target} {node.args[1:]}" for node in nodes if "pad" in str(node.target)]


def _require_same(model: Canonical, other: Canonical) -> None:
    ours, theirs = signature(model), signature(other)
    if ours != theirs:
        place = next((i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), None)
        if place is None:
            raise _other(f"{len(ours)} layers", f"{len(theirs)} layers")
        raise _other(f"layer {place + 1}: {ours[place]}", theirs[place])


def _other(expected: str, found: str) -> InvalidPlan:
    return InvalidPlan(
        "A model for data_randomization has another architecture than the one that is judged.",
        expected=expected,
        found=found,
        remedy="Export both models in the same way, from the same code.",
    )


def _tensors(model: Canonical) -> list[Tensor]:
    return [tensor for i in range(len(model.steps)) for tensor in _of(model, i)]


def _of(model: Canonical, place: int) -> list[Tensor]:
    """Trained tensors of one step, then the running statistics of its norms."""
    state = dict(model.module.named_parameters()) | dict(model.module.named_buffers())
    step = model.steps[place]
    statistics = [f"{norm}.{name}" for norm in step.norms for name in ("running_mean", "running_var")]
    return [state[name] for name in (*step.tensors, *statistics) if name in state]
