"""What every shard of a plan starts from: the model, the images, the explainers, the way to compare."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from junco.audit import images as pictures
from junco.audit.batch import Batch
from junco.audit.explain import Bound, build
from junco.audit.explanation import Explainer
from junco.audit.graph import double, load
from junco.audit.maps import Comparison
from junco.audit.model import Canonical
from junco.audit.partial import Key
from junco.audit.similarity import named
from junco.audit.similarity.spearman import cross, prepare
from junco.contract.catalogue import CheckName
from junco.contract.images import ImageFile
from junco.contract.plan import Plan, PlannedMethod

Files = Sequence[tuple[ImageFile, bytes]]

DESCRIPTIVE = ("ssim_audit", "top_k", "spearman_abs_support")
"""Similarities that are shown and never decide."""

AT_ONCE = {"cpu": 8, "cuda": 64}
"""Images in one pass, by device: on a CPU, activations of more than a few images leave the caches."""


@dataclass(frozen=True)
class Bench:
    """A loaded model and decoded images, on one device in one dtype."""

    model: Canonical
    shots: pictures.Pictures
    batch: Batch
    logits: Tensor

    def rows(self, images: Sequence[int]) -> Batch:
        """The batch of these images, by their places in the plan."""
        places = torch.tensor(list(images), device=self.batch.x.device)
        return replace(self.batch, x=self.batch.x[places], targets=self.batch.targets[places], index=tuple(images))

    def answers(self, batch: Batch) -> dict[Key, NDArray[np.generic]]:
        """The trained model's logits of ``batch``, as a partial holds them: they tell copies of an image."""
        return {("logits", "original"): self.logits[list(batch.index)].float().cpu().numpy()}


def bench(plan: Plan, model: bytes, files: Files, *, device: str = "cpu", float64: bool = False) -> Bench:
    """Load and decode what ``plan`` names; targets are those that the plan asks for."""
    canonical = load(model, input_shape=plan.preprocessing.shape, output=plan.output)
    if canonical.differentiable:
        canonical = double(canonical) if float64 else canonical
        # Channels last is the layout that convolutions are fastest in, on CPUs and on GPUs.
        canonical.module.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in stubs
    else:
        device, float64 = "cpu", False  # where and in what the file's own executor computes
    shots = pictures.load(files, plan.preprocessing, selected=plan.selected)
    dtype = torch.float64 if float64 else torch.float32
    x = shots.x.to(device=device, dtype=dtype, memory_format=torch.channels_last)
    with torch.no_grad():
        logits = torch.cat([canonical(part) for part in torch.split(x, at_once(device))])
    box = shots.box(plan.preprocessing)
    batch = Batch(x=x, targets=_targets(logits, plan), index=tuple(range(len(x))), box=box, references=x)
    return Bench(model=canonical, shots=shots, batch=batch, logits=logits)


def _targets(logits: Tensor, plan: Plan) -> Tensor:
    predicted = logits.argmax(1)
    return predicted if plan.target == "predicted" else torch.full_like(predicted, plan.target)


def bound(methods: Sequence[PlannedMethod]) -> tuple[Bound, ...]:
    """Planned methods as the explainer takes them."""
    return tuple(Bound(m.label, m.method, m.chosen) for m in methods)


def explainers(plan: Plan, check: CheckName, model: Canonical) -> tuple[Explainer, Explainer | None]:
    """All methods of ``check``, and those with randomness of their own."""
    planned = plan.methods_of(check)
    stochastic = [m for m in planned if not m.card.deterministic]
    return explainer(planned, model), explainer(stochastic, model) if stochastic else None


def explainer(methods: Sequence[PlannedMethod], model: Canonical) -> Explainer:
    """These methods as one explainer, in passes that suit the model's device."""
    return build(bound(methods), model, batch_size=at_once(next(model.module.parameters()).device.type))


def at_once(device: str) -> int:
    """Images in one pass on ``device``."""
    return AT_ONCE.get(device.partition(":")[0], AT_ONCE["cuda"])


def comparison(*, descriptive: bool) -> Comparison:
    """Ranks and correlations, with the descriptive measures if asked for."""
    measures = {name: named(name) for name in DESCRIPTIVE} if descriptive else {}
    return Comparison(prepare=prepare, cross=cross, descriptive=measures)


def calibration(bench: Bench, count: int) -> list[Tensor]:
    """Batches for running statistics: the plan's images, then their mirror images, up to ``count``."""
    x = bench.batch.x
    both = torch.cat([x, x.flip(-1)])[:count]
    # Equal parts, since a batch of one or two has statistics of its own.
    return list(torch.chunk(both, max(1, round(len(both) / 16))))
