"""Explanation methods with a known fate, and what is needed to put them through the check."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from junco.audit.batch import Batch
from junco.audit.checks.parameter_randomization import Study, run
from junco.audit.explanation import Explained, Trait
from junco.audit.graph.steps import steps
from junco.audit.maps import Comparison
from junco.audit.model import Canonical
from junco.audit.partial import Partial
from junco.audit.similarity.spearman import cross, prepare
from junco.audit.verdict import Judgement, MethodNumbers, Numbers, judge
from junco.contract.catalogue import Arm, CheckName, Depth, View
from junco.contract.plan import Cell, Shard, ShardKind
from junco.contract.thresholds import Thresholds
from tests.audit.explain.models import canonical, images, seeded

SEEDS = 4
DEPTHS = {Depth.LOGIT: 1, Depth.TOP: 2, Depth.FULL: 3}
SIGNED, UNSIGNED = Trait(View.SIGNED, deterministic=True), Trait(View.UNSIGNED, deterministic=True)
NOISY = Trait(View.SIGNED, deterministic=False)

Map = Callable[[Canonical, Batch, int], Tensor]


@dataclass(frozen=True)
class Fake:
    """An Explainer of hand-made maps."""

    methods: Mapping[str, tuple[Trait, Map]]

    @property
    def traits(self) -> Mapping[str, Trait]:
        return {label: trait for label, (trait, _) in self.methods.items()}

    def __call__(self, model: Canonical, batch: Batch, *, seed: int) -> Explained:
        with torch.no_grad():
            logits = model(batch.x)
        return Explained({label: draw(model, batch, seed) for label, (_, draw) in self.methods.items()}, logits)


def network() -> Canonical:
    """Two convolutions and a linear layer, float64, [n, 3, 12, 12] to 4 classes: three steps."""
    model = nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 8, 3, padding=1), nn.ReLU(),
        nn.Flatten(), nn.Linear(288, 4),
    )  # fmt: skip
    lifted = canonical(seeded(model), spatial=("1", "4"))
    return replace(lifted, steps=steps(lifted.module))


def fingerprint(model: Canonical) -> int:
    """A number that depends on every weight of the model."""
    marks = [p * torch.arange(1, p.numel() + 1).view_as(p) for p in model.module.parameters()]
    return int(sum(float(mark.sum()) for mark in marks) * 1e6)


def normal(*key: int, shape: Sequence[int]) -> Tensor:
    """Normal noise that depends on ``key`` alone."""
    seed = np.random.SeedSequence([abs(k) for k in key]).generate_state(1)[0]
    return torch.randn(*shape, generator=torch.Generator().manual_seed(int(seed)), dtype=torch.float64)


def by_image(batch: Batch, draw: Callable[[int], Tensor]) -> Tensor:
    """One map a row, from the image's place."""
    return torch.stack([draw(i) for i in batch.index])


def edges(_model: Canonical, batch: Batch, _seed: int) -> Tensor:
    """O7: asks the image alone."""
    grey = batch.x.mean(1, keepdim=True)
    across = functional.pad(grey[..., 1:] - grey[..., :-1], (0, 1))
    return across.abs()


def noise(_model: Canonical, batch: Batch, seed: int) -> Tensor:
    """O8: asks nobody."""
    return by_image(batch, lambda i: normal(seed, i, shape=(1, 12, 12)))


def constant(_model: Canonical, batch: Batch, _seed: int) -> Tensor:
    """O9."""
    return torch.full((len(batch), 1, 12, 12), 0.3, dtype=torch.float64)


def prior(_model: Canonical, batch: Batch, _seed: int) -> Tensor:
    """O9b: one blob for all."""
    ramp = (torch.arange(12.0, dtype=torch.float64) - 5.3).square()
    return (-(ramp[:, None] + ramp)).exp().repeat(len(batch), 1, 1, 1)


def faithful(model: Canonical, batch: Batch, _seed: int) -> Tensor:
    """A map that every weight and the image decide."""
    mark = fingerprint(model)
    return by_image(batch, lambda i: normal(mark, i, shape=(3, 12, 12)))


def painted(model: Canonical, batch: Batch, _seed: int) -> Tensor:
    """O10: x * u with u drawn per model."""
    return batch.x * normal(fingerprint(model), shape=(1, 1, 12, 12))


def first_layer(model: Canonical, batch: Batch, _seed: int) -> Tensor:
    """O11: conv_transpose(1{z1 > 0}, W1)."""
    conv = model.submodule("0")
    assert isinstance(conv, nn.Conv2d)
    with torch.no_grad():
        opened = (conv(batch.x) > 0).to(batch.x)
        return functional.conv_transpose2d(opened, conv.weight, padding=1)


def flipping(model: Canonical, batch: Batch, _seed: int) -> Tensor:
    """O12: one map times a sign that the model draws."""
    sign = 1.0 if fingerprint(model) % 2 else -1.0
    return sign * by_image(batch, lambda i: normal(i, shape=(1, 12, 12)))


@dataclass(frozen=True)
class Measured:
    """A partial, and how to read it."""

    partial: Partial

    def __getitem__(self, key: tuple[str, ...]) -> NDArray[np.generic]:
        return self.partial.arrays[key]

    def table(self, label: str, arm: Arm, stage: int, quantity: str) -> NDArray[np.float64]:
        """[images, seeds]."""
        keys = [(label, arm.value, str(seed), str(stage), quantity) for seed in range(SEEDS)]
        return np.stack([self.partial.arrays[key].astype(np.float64) for key in keys], axis=1)

    def judged(self, label: str) -> Judgement:
        """The word on one method, judged alone."""
        depths = {(arm, depth): self._numbers(label, arm, DEPTHS[depth]) for arm in Arm for depth in Depth}
        ceiling = self.partial.arrays[label, "original", "ceiling"].astype(np.float64)
        return judge([MethodNumbers(label, ceiling, depths)], Thresholds())[0]

    def _numbers(self, label: str, arm: Arm, stage: int) -> Numbers:
        rho, floor, degenerate = (self.table(label, arm, stage, q) for q in ("rho", "floor", "degenerate"))
        return Numbers(rho, floor, degenerate)


def study(model: Canonical, methods: Mapping[str, tuple[Trait, Map]]) -> Study:
    """The check's study of ``methods``, judged on |Spearman| or Spearman alone."""
    stochastic = {label: found for label, found in methods.items() if not found[0].deterministic}
    return Study(
        model=model, explainer=Fake(methods), stochastic=Fake(stochastic) if stochastic else None,
        comparison=Comparison(prepare=prepare, cross=cross), calibration=[], seed=11,
    )  # fmt: skip


def shard(n: int, *, stages: tuple[int, ...] = (1, 2, 3)) -> Shard:
    """Every arm and seed on ``n`` images."""
    cells = tuple(Cell(arm=arm, seed=seed) for arm in Arm for seed in range(SEEDS))
    return Shard(
        index=0, check=CheckName.PARAMETER_RANDOMIZATION, kind=ShardKind.CELLS, images=tuple(range(n)), cells=cells,
        stages=stages, cost=1,
    )  # fmt: skip


def measured(methods: Mapping[str, tuple[Trait, Map]], batch: Batch | None = None, *, keep: int = 0) -> Measured:
    """``methods`` through the whole check on a small network."""
    batch = batch or images(16)
    return Measured(run(shard(len(batch)), study(network(), methods), batch, keep=keep))
