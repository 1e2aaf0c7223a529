"""What an explanation is to those who do not know how it is made: maps by label, and the calls that give them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.model import Canonical
from junco.contract.catalogue import View


@dataclass(frozen=True)
class Explained:
    """Raw maps by label, [n, C, H, W] signed or [n, 1, h, w] at native resolution, and the logits [n, classes]."""

    maps: Mapping[str, Tensor]
    logits: Tensor


@dataclass(frozen=True)
class Trait:
    """What a check must know of a method: its view, and whether asking twice gives the same map.

    ``folds``: its rules would stop at a layer put before the model, so that input_shift has to fold the shift in.
    """

    view: View
    deterministic: bool
    control: bool = False
    folds: bool = False


class Explainer(Protocol):
    """All methods of a plan, sharing passes: what a check is given."""

    traits: Mapping[str, Trait]

    def __call__(self, model: Canonical, batch: Batch, *, seed: int) -> Explained:
        """Explain ``batch`` on ``model``; ``seed`` moves only methods with randomness of their own."""
        ...


class MapFunction(Protocol):
    """One method's raw map as a function of the images that autograd can follow: what a check that attacks is given."""

    def __call__(
        self, model: Canonical, batch: Batch, *, seed: int, beta: float | None = None, samples: int = 0
    ) -> Tensor:
        """The map [n, C, H, W] of ``batch``, differentiable with respect to ``batch.x`` where that requires a gradient.

        ``beta`` follows the softplus twin of the model, whose map has second derivatives; ``samples`` averages the map
        over so many noisy copies of each image. ``seed`` is that of the noise.
        """
        ...


Signals = Mapping[str, Tensor]
"""What each of several mixes of classes became at the output of each layer, output first, [k, places, channels]."""


class Carry(Protocol):
    """The rules by which methods carry relevance back: what a check that starts them from anything is given."""

    def __call__(self, batch: Batch, mixes: Tensor) -> Iterator[tuple[str, Signals]]:
        """For each method, by label, what its starts for all classes of the one image of ``batch`` become, mixed with
        each of ``mixes`` [k, classes].

        Methods whose rule is not known for some node of the model are left out.
        """
        ...
