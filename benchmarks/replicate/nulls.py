"""What each published statistic says of maps that have nothing in common: the floor under every number of a report.

The maps of a method are compared, by every convention's statistics and by the audit's, with three kinds of maps that
know nothing of the model's view of the image: Gaussian noise; the map's own spectrum with random phases; the map of
another image. The last is what kappa subtracts.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.replicate.curves import images
from benchmarks.replicate.jobs import Job
from benchmarks.replicate.nets import SHAPE
from benchmarks.replicate.tables import lite0_file
from benchmarks.replicate.train import trained
from benchmarks.replicate.work import Found
from examples import efficientnet_lite0
from examples.demo import imagenet_photos
from junco.audit.checks.conventions import as_images, published
from junco.audit.checks.resemblance import phase_noise
from junco.audit.explanation import Explainer
from junco.audit.maps import reduce
from junco.audit.pipeline.prepare import bench, comparison, explainer
from junco.audit.similarity import named
from junco.audit.verdict import kappa
from junco.contract.catalogue import CheckName, Method, View
from junco.contract.conventions import CONVENTIONS

METHODS = ("gradient", "input_x_gradient", "guided_backprop", "grad_cam")
DRAWS = 2
_SUPPORT = 0.2
Null = Callable[[Tensor, torch.Generator], Tensor]


def noise(maps: Tensor, generator: torch.Generator) -> Tensor:
    """Standard normal maps."""
    return torch.randn(maps.shape, generator=generator, dtype=torch.float64).to(maps)


def phases(maps: Tensor, generator: torch.Generator) -> Tensor:
    """Maps of the same amplitude spectrum, channel by channel."""
    flat = maps.reshape(-1, *maps.shape[-2:])
    return phase_noise(flat, generator).reshape(maps.shape)


def others(maps: Tensor, generator: torch.Generator) -> Tensor:
    """The maps of other images: a random cycle, so that none is its own."""
    order = torch.randperm(len(maps), generator=generator)
    turned = torch.empty_like(order)
    turned[order] = order.roll(1)
    return maps[turned]


NULLS: Mapping[str, Null] = {"noise": noise, "phases": phases, "other image": others}


@dataclass(frozen=True)
class Subject:
    """A network, its images, and how they are prepared."""

    file: Path
    images: Sequence[Path]
    shape: tuple[int, int, int]
    asked: Mapping[str, object]


def nulls(name: str) -> Found:
    """Mean of every statistic under every null, by method, on ``cnn`` or ``lite0``."""
    subject = _lite0() if name == "lite0" else _clothes()
    asked = {"checks": ["parameter_randomization"], **subject.asked}
    job = Job(f"nulls_{name}", subject.file, subject.images, subject.shape, METHODS, asked)
    ready = bench(job.plan, subject.file.read_bytes(), job.files)
    planned = [m for m in job.plan.methods_of(CheckName.PARAMETER_RANDOMIZATION) if m.label in METHODS]
    explain = explainer(planned, ready.model)
    raw = explain(ready.model, ready.batch, seed=0).maps
    return {
        "images": len(ready.batch),
        "draws": DRAWS,
        "methods": {label: _floors(label, raw[label].detach(), explain, subject.shape) for label in METHODS},
    }


def _floors(label: str, raw: Tensor, explain: Explainer, shape: Sequence[int]) -> Found:
    found: Found = {}
    for null, draw in NULLS.items():
        drawn = [draw(raw, torch.Generator().manual_seed(seed)) for seed in range(DRAWS)]
        found[null] = dict(_published(label, raw, drawn, shape)) | _audit(label, raw, drawn, explain)
    return found


def _published(label: str, raw: Tensor, drawn: Sequence[Tensor], shape: Sequence[int]) -> Iterator[tuple[str, float]]:
    for convention, how in CONVENTIONS.items():
        for name, measure in published(how, {label: Method(label)}, named)[label].items():
            values = [measure(as_images(raw, shape), as_images(other, shape)) for other in drawn]
            if values[0].numel():
                yield f"{convention.value} {name}", float(np.nanmean(torch.stack(values).double().numpy()))


def _audit(label: str, raw: Tensor, drawn: Sequence[Tensor], explain: Explainer) -> Found:
    """rho and kappa of the audit, were these the maps of randomised networks."""
    how, view = comparison(descriptive=False), explain.traits[label].view
    ranks = how.prepare(reduce(raw, view))
    rho, floor = [], []
    for other in drawn:
        square = how.cross(ranks, how.prepare(reduce(other, view))).double()
        square = square.abs() if view is View.SIGNED else square
        own = square.diagonal().clone()
        rho.append(own.numpy())
        floor.append(np.nanmean(square.fill_diagonal_(torch.nan).numpy(), axis=1))
    values = kappa(np.stack(rho, 1), np.stack(floor, 1), np.ones(len(raw)), support=_SUPPORT)
    return {"audit rho": float(np.nanmean(rho)), "audit kappa": float(np.nanmean(values))}


def _clothes() -> Subject:
    return Subject(trained("cnn").file, [images(50)], SHAPE, {})


def _lite0() -> Subject:
    asked = {"preprocessing": {"preset": "imagenet_lite"}}
    return Subject(lite0_file(), imagenet_photos(), efficientnet_lite0.INPUT_SHAPE, asked)
