"""Maps that autograd can follow back to the images, for checks that attack them.

The methods are those of the registry, run on a pass whose gradients keep their graph: what is attacked is the code that
explains. Second derivatives of a ReLU are zero, so an attack follows the softplus twin with ``beta`` instead; which
methods can be followed at all is data (contract/catalogue/attacks.py).
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.explain.explainer import Bound, placed
from junco.audit.explain.noisy import noisy
from junco.audit.explain.passes import Pass
from junco.audit.model import Canonical
from junco.contract.catalogue import RECIPES, Method
from junco.contract.catalogue.parameters import kinked, rectified
from junco.contract.errors import InvalidPlan

_SIGMA = 0.15


@dataclass(frozen=True)
class Followed:
    """One method's raw map [n, C, H, W] as a differentiable function of ``batch.x``; see ``types.MapFunction``."""

    bound: Bound

    def __call__(
        self, model: Canonical, batch: Batch, *, seed: int, beta: float | None = None, samples: int = 0
    ) -> Tensor:
        """The map of the softplus twin with ``beta``, averaged over ``samples`` noisy copies if any."""
        if not samples:
            return self._at(model, batch, seed, beta)
        copies = (noisy(batch, _SIGMA, seed=seed, draw=draw) for draw in range(samples))
        maps = [self._at(model, replace(batch, x=copy), seed, beta) for copy in copies]
        return torch.stack(maps).mean(0)

    def _at(self, model: Canonical, batch: Batch, seed: int, beta: float | None) -> Tensor:
        # Graphs of all points of a path or all noisy copies are held at once: none where nobody follows.
        run = Pass(model, placed(batch, model), seed=seed, beta=beta, graph=batch.x.requires_grad)
        return self.bound.entry.run(run, self.bound.parameters)


def followed(bound: Bound) -> Followed:
    """``bound`` as a function to differentiate; raises InvalidPlan where its map cannot be followed."""
    if not isinstance(bound.name, Method) or bound.name not in RECIPES:
        raise InvalidPlan(
            f"The map of {bound.label} cannot be differentiated.",
            expected=", ".join(RECIPES),
            found=str(bound.name),
            remedy="Leave the method out of checks that attack maps.",
        )
    return Followed(bound)


def smoothable(model: Canonical) -> bool:
    """Whether the model has ReLUs, which an attack replaces by softplus to follow the map."""
    return rectified(model.activations)


def unfollowable(model: Canonical) -> str | None:
    """Why maps of ``model`` cannot be followed, or None: it has kinks that no softplus stands in for."""
    strangers = kinked(model.activations)
    return f"the attack needs second derivatives, and the model has {', '.join(strangers)}" if strangers else None
