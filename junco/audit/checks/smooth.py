"""Smooth MPRT (Hedström et al. 2024): the same check on maps averaged over noisy images.

E'(f, x) = mean over j of E(f, x + eps_j), eps_j ~ N(0, sigma^2), sigma = ``LEVEL`` times the image's range. The class
stays that of the clean image. Every model gets noise of its own, so the ceiling is that of E' drawn again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.checks.randomise import generator_for
from junco.audit.explanation import Explained, Explainer, Trait
from junco.audit.model import Canonical

LEVEL = 0.1


@dataclass
class Smooth:
    """An explainer whose maps are the mean of another's over ``samples`` noisy images; none repeats itself."""

    inner: Explainer
    samples: int
    traits: Mapping[str, Trait] = field(init=False)

    def __post_init__(self) -> None:
        self.traits = {label: replace(trait, deterministic=False) for label, trait in self.inner.traits.items()}

    def __call__(self, model: Canonical, batch: Batch, *, seed: int) -> Explained:
        """Averaged maps of ``batch``, and the logits of its first noisy images."""
        first = self._draw(model, batch, (seed, 0))
        sums = {label: maps.clone() for label, maps in first.maps.items()}
        for sample in range(1, self.samples):
            for label, maps in self._draw(model, batch, (seed, sample)).maps.items():
                sums[label] += maps
        return Explained({label: total / self.samples for label, total in sums.items()}, first.logits)

    def _draw(self, model: Canonical, batch: Batch, at: tuple[int, int]) -> Explained:
        noisy = replace(batch, x=batch.x + _noise(batch, at))
        return self.inner(model, noisy, seed=int(generator_for("inner", *at).initial_seed() % 2**31))


def _noise(batch: Batch, at: tuple[int, int]) -> Tensor:
    """Noise [n, C, H, W] that depends on the images' places and ``at``, whatever the batching."""
    shape = batch.x.shape[1:]
    rows = [torch.randn(shape, generator=generator_for("smooth", *at, i), dtype=torch.float64) for i in batch.index]
    low, high = batch.x.flatten(1).aminmax(dim=1)
    sigma = LEVEL * (high - low)
    return torch.stack(rows).to(batch.x) * sigma.view(-1, 1, 1, 1)
