"""What methods ask of a pass, and what it hands them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import or_

import torch
from torch import Tensor


@dataclass(frozen=True)
class Wants:
    """What the methods of a plan need of a shared pass; ``|`` joins two of them.

    ``attention`` asks for what the model attends to, ``attention_gradient`` for its gradient too. ``draws`` are pairs
    (sigma, samples) of SmoothGrad's noise. ``smoothed`` are pairs (beta, wants) of the softplus twins of the model.
    ``graph`` asks for gradients that can be differentiated themselves, back to the images.
    """

    gradient: bool = False
    guided: bool = False
    layers: frozenset[str] = frozenset()
    attention: bool = False
    attention_gradient: bool = False
    draws: frozenset[tuple[float, int]] = frozenset()
    smoothed: frozenset[tuple[float, "Wants"]] = frozenset()
    graph: bool = False

    def __or__(self, other: "Wants") -> "Wants":
        return Wants(
            self.gradient or other.gradient,
            self.guided or other.guided,
            self.layers | other.layers,
            self.attention or other.attention,
            self.attention_gradient or other.attention_gradient,
            self.draws | other.draws,
            _by_beta(self.smoothed | other.smoothed),
            self.graph or other.graph,
        )

    def within(self, other: "Wants") -> bool:
        """Whether ``other`` covers all of this."""
        return (self | other) == other

    def under(self, beta: float | None) -> "Wants":
        """The same of the softplus twin with ``beta``; of the model itself if None."""
        return self if beta is None else Wants(smoothed=frozenset({(beta, self)}))

    def of_twin(self, beta: float) -> "Wants":
        """What is wanted of the softplus twin with ``beta``."""
        return dict(self.smoothed).get(beta, Wants())

    @property
    def at_once(self) -> "Wants":
        """What one forward pass of the model at the images themselves can give."""
        return replace(self, draws=frozenset(), smoothed=frozenset())


def _by_beta(pairs: frozenset[tuple[float, Wants]]) -> frozenset[tuple[float, Wants]]:
    betas = {beta for beta, _ in pairs}
    return frozenset((beta, reduce(or_, (wants for other, wants in pairs if other == beta))) for beta in betas)


@dataclass(frozen=True)
class Tapped:
    """A layer's output, or an attention, and the gradient of the target logit with respect to it; None if unwanted."""

    activations: Tensor
    signal: Tensor | None = None

    @property
    def gradient(self) -> Tensor:
        """The signal of a tap that was asked for one."""
        assert self.signal is not None, "a pass computes what it is asked for"
        return self.signal


@dataclass(frozen=True)
class Ingredients:
    """Logits [n, classes], input gradients [n, C, H, W], layers by name, attentions in order; None where unwanted.

    Attentions are [n, heads, tokens, tokens], rows are queries.
    """

    logits: Tensor
    gradient: Tensor | None = None
    guided: Tensor | None = None
    layers: Mapping[str, Tapped] = field(default_factory=dict)
    attention: tuple[Tapped, ...] = ()


def trimmed(part: Ingredients, size: int) -> Ingredients:
    """The first ``size`` images of ``part``."""
    return part if len(part.logits) == size else _merged([part], lambda tensors: tensors[0][:size])


def joined(parts: Sequence[Ingredients]) -> Ingredients:
    """The images of all ``parts``, which are ingredients of one kind, in order."""
    return parts[0] if len(parts) == 1 else _merged(parts, torch.cat)


def _merged(parts: Sequence[Ingredients], merge: Callable[[list[Tensor]], Tensor]) -> Ingredients:
    def some(tensors: list[Tensor | None]) -> Tensor | None:
        present = [tensor for tensor in tensors if tensor is not None]
        return merge(present) if present else None

    def taps(found: Sequence[Tapped]) -> Tapped:
        return Tapped(merge([tap.activations for tap in found]), some([tap.signal for tap in found]))

    return Ingredients(
        merge([part.logits for part in parts]),
        some([part.gradient for part in parts]),
        some([part.guided for part in parts]),
        {name: taps([part.layers[name] for part in parts]) for name in parts[0].layers},
        tuple(taps(same) for same in zip(*(part.attention for part in parts), strict=True)),
    )
