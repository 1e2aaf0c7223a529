"""From the methods of a plan to one callable that explains batches on any variant of a model."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import chain
from operator import or_
from typing import Any

import torch
from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.explain.backward import Wants
from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import REGISTRY, Entry, Name
from junco.audit.explain.room import Room
from junco.audit.explanation import Explained, Explainer, Trait
from junco.audit.model import Canonical
from junco.contract.catalogue import METHODS, Control, Method, MethodParameters
from junco.contract.errors import InvalidPlan


@dataclass(frozen=True)
class Bound:
    """A method with its parameters, under the label that its maps go by."""

    label: str
    name: Name
    parameters: MethodParameters

    @property
    def entry(self) -> Entry:
        """The method's code."""
        return REGISTRY[self.name]


def build(methods: Sequence[Bound], canonical: Canonical, *, batch_size: int = 32) -> Explainer:
    """All ``methods`` as one explainer for ``canonical`` and its randomised or shifted variants.

    ``batch_size`` bounds the images in one pass, and shrinks when memory does not hold as many. Raises InvalidPlan for
    labels used twice, parameters of another method, a layer that the model lacks, and a method whose rule is undefined
    for the model (ask ``refusal`` first).
    """
    labels = [bound.label for bound in methods]
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise InvalidPlan(f"Labels name more than one method: {', '.join(twice)}.", remedy="give each its own label")
    for bound in methods:
        reason = refusal(bound, canonical)
        if reason:
            raise InvalidPlan(f"{bound.label} cannot explain this model: {reason}.", remedy="leave the method out")
    return _Explainer(tuple(methods), batch_size)


def refusal(bound: Bound, canonical: Canonical) -> str | None:
    """Why the method's rule is undefined for the model, or None; raises InvalidPlan for parameters that do not fit."""
    expected = METHODS[bound.name].parameters
    if not isinstance(bound.parameters, expected):
        raise InvalidPlan(
            f"{bound.label} has another method's parameters.",
            expected=expected.__name__,
            found=type(bound.parameters).__name__,
        )
    misfit = bound.parameters.misfit(canonical.input_shape)
    if misfit:
        raise InvalidPlan(f"{bound.label} does not fit the model.", **misfit.model_dump())
    return _refusal(bound.name, bound.parameters, canonical)


def capabilities(canonical: Canonical) -> Mapping[Name, str | None]:
    """For each method None where it is available at its defaults, else the reason why it is not.

    Controls are listed only where they are not available: few models are such.
    """
    found = {name: _refusal(name, METHODS[name].parameters(), canonical) for name in (*Method, *Control)}
    return {name: reason for name, reason in found.items() if reason or isinstance(name, Method)}


def _refusal(name: Name, parameters: MethodParameters, canonical: Canonical) -> str | None:
    if METHODS[name].gradients and not canonical.differentiable:
        return f"the file gives no gradients: {canonical.no_gradients}"
    return parameters.undefined(canonical.activations) or REGISTRY[name].refuses(canonical, parameters)


class _Explainer:
    def __init__(self, methods: tuple[Bound, ...], batch_size: int) -> None:
        self._methods = methods
        self._room = Room(batch_size)
        self.traits: Mapping[str, Trait] = {bound.label: _trait(bound.name) for bound in methods}

    def __call__(self, model: Canonical, batch: Batch, *, seed: int) -> Explained:
        batch = placed(batch, model)
        kept: dict[Hashable, Any] = {}
        size = self._room.rows
        parts = [self._part(model, batch.rows(i, i + size), seed, kept) for i in range(0, len(batch), size)]
        maps = {bound.label: torch.cat([part.maps[bound.label] for part in parts]) for bound in self._methods}
        return Explained(maps, torch.cat([part.logits for part in parts]))

    def _part(self, model: Canonical, batch: Batch, seed: int, kept: dict[Hashable, Any]) -> Explained:
        wants = reduce(or_, (bound.entry.wants(model, bound.parameters) for bound in self._methods), Wants())
        run = Pass(model, batch, seed=seed, wants=wants, rows=self._room, kept=kept)
        maps = {bound.label: bound.entry.run(run, bound.parameters).detach() for bound in self._methods}
        return Explained(maps, run.logits)


def placed(batch: Batch, model: Canonical) -> Batch:
    """``batch`` on the model's device and in its dtype."""
    tensors = chain(model.module.parameters(), model.module.buffers())
    like = next((tensor for tensor in tensors if tensor.is_floating_point()), batch.x)
    if not model.differentiable:
        like = torch.empty((), dtype=torch.float32)  # an executor takes float32 on the CPU, whatever its weights are
    others = None if batch.references is None else _onto(batch.references, like)
    return replace(batch, x=_onto(batch.x, like), targets=batch.targets.to(like.device), references=others)


def _onto(x: Tensor, like: Tensor) -> Tensor:
    return x.to(like.device, like.dtype)


def _trait(name: Name) -> Trait:
    card = METHODS[name]
    return Trait(card.view, card.deterministic, control=isinstance(name, Control), folds=card.folds)
