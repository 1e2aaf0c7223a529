"""From the methods of a plan to one callable that explains batches on any variant of a model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import chain
from operator import or_

import torch
from torch import Tensor

from junco.audit.explain.backward import Wants
from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import REGISTRY, Entry, Name
from junco.audit.types import Batch, Canonical, Explained, Explainer, Trait
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

    ``batch_size`` bounds the images in one pass. Raises InvalidPlan for labels used twice, parameters of another
    method, a layer that the model lacks, and a method whose rule is undefined for the model (ask ``refusal`` first).
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
        raise InvalidPlan(f"{bound.label} does not fit the model.", expected=misfit.expected, found=misfit.found)
    return bound.entry.refuses(canonical, bound.parameters)


def capabilities(canonical: Canonical) -> Mapping[Method, str | None]:
    """For each method None where it is available at its defaults, else the reason why it is not."""
    return {name: REGISTRY[name].refuses(canonical, METHODS[name].parameters()) for name in Method}


class _Explainer:
    def __init__(self, methods: tuple[Bound, ...], batch_size: int) -> None:
        self._methods = methods
        self._batch_size = batch_size
        self.traits: Mapping[str, Trait] = {bound.label: _trait(bound.name) for bound in methods}

    def __call__(self, model: Canonical, batch: Batch, *, seed: int) -> Explained:
        batch = placed(batch, model)
        starts = range(0, len(batch), self._batch_size)
        parts = [self._part(model, batch.rows(start, start + self._batch_size), seed) for start in starts]
        maps = {bound.label: torch.cat([part.maps[bound.label] for part in parts]) for bound in self._methods}
        return Explained(maps, torch.cat([part.logits for part in parts]))

    def _part(self, model: Canonical, batch: Batch, seed: int) -> Explained:
        wants = reduce(or_, (bound.entry.wants(model, bound.parameters) for bound in self._methods), Wants())
        run = Pass(model, batch, seed=seed, wants=wants, rows=self._batch_size)
        maps = {bound.label: bound.entry.run(run, bound.parameters).detach() for bound in self._methods}
        return Explained(maps, run.logits)


def placed(batch: Batch, model: Canonical) -> Batch:
    """``batch`` on the model's device and in its dtype."""
    tensors = chain(model.module.parameters(), model.module.buffers())
    like = next((tensor for tensor in tensors if tensor.is_floating_point()), batch.x)
    return replace(batch, x=_onto(batch.x, like), targets=batch.targets.to(like.device))


def _onto(x: Tensor, like: Tensor) -> Tensor:
    return x.to(like.device, like.dtype)


def _trait(name: Name) -> Trait:
    card = METHODS[name]
    return Trait(card.view, card.deterministic, control=isinstance(name, Control))
