"""fragility: how much of a map is lost to a small change that leaves the class? (Ghorbani et al. 2017)

With S the map of magnitudes over its sum, images move by x <- clip(x + alpha sign(dD/dx)) within |x - x_0| <= EPSILON
of the data's range. Three aims D: ``top_k``, less mass on the original's k largest pixels; ``mass_centre``, a distant
centre of mass; ``region``, mass in the quarter of the image that had least. Derivatives come from the softplus twin; of
all steps that leave the class the one that does best on the network itself is kept. The control arm is noise: as many
draws of x_0 + EPSILON * random signs, of which the best is kept by the same rule; an image that keeps its class nowhere
keeps its map. What counts is the attack's loss of the top k less the noise's. k is 2 % of the pixels (1000 of
SqueezeNet's 50176). This file measures; junco.audit.verdict decides. Cost: contract/attacking.py.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from junco.audit.checks.attack import Range, Target, shares, slope
from junco.audit.checks.compare import arrays
from junco.audit.checks.randomise import generator_for
from junco.audit.types import Batch, Canonical, Comparison, Explainer, Key, MapFunction, Partial, Tick
from junco.contract.catalogue import Aim

EPSILON = 8 / 255
"""Largest change of a pixel, as a share of its range."""
_STEP = 1 / 255
BETA = 30.0
"""beta of the twin that is followed."""
_TOP = 0.02


@dataclass(frozen=True)
class Siege:
    """One method under attack: its map to follow, and what noise and each aim cost an image."""

    function: MapFunction
    explainer: Explainer
    look_cost: int
    aim_cost: int
    smooth: bool = False
    rows: int = 8
    """Images followed at once."""


@dataclass(frozen=True)
class FragilityStudy:
    """What the check works with; ``twin`` says that the model has ReLUs, so that a twin is followed."""

    model: Canonical
    sieges: Mapping[str, Siege]
    comparison: Comparison
    seed: int
    steps: int
    twin: bool
    tick: Tick = lambda _: None


@dataclass(frozen=True)
class Scene:
    """The maps before, [n, H, W], and what the aims look at: masks of the top k and of the emptiest quarter."""

    maps: Tensor
    top: Tensor
    quarter: Tensor
    centre: Tensor

    @classmethod
    def of(cls, maps: Tensor) -> "Scene":
        """The scene of ``maps``."""
        return cls(maps, top_mask(maps), emptiest(maps), centre(maps))

    def rows(self, part: slice) -> "Scene":
        """The scene of some of the images."""
        return Scene(self.maps[part], self.top[part], self.quarter[part], self.centre[part])


@dataclass
class Best:
    """The least criterion [n] so far and the maps [n, H, W] that had it; an image without one keeps its own."""

    maps: Tensor
    criterion: Tensor

    def see(self, criterion: Tensor, maps: Tensor, same: Tensor) -> None:
        """Keep what is better among images that have the ``same`` class."""
        better = same & (criterion < self.criterion)
        self.criterion = torch.where(better, criterion, self.criterion)
        self.maps = torch.where(better[:, None, None], maps, self.maps)


def top_count(pixels: int) -> int:
    """k of maps of so many pixels."""
    return max(1, round(_TOP * pixels))


def top_mask(maps: Tensor) -> Tensor:
    """Which pixels [n, H, W] are the k largest of each map."""
    flat = maps.flatten(1)
    places = flat.topk(top_count(flat.shape[1]), dim=1).indices
    return torch.zeros_like(flat, dtype=torch.bool).scatter_(1, places, True).view_as(maps)


def emptiest(maps: Tensor) -> Tensor:
    """The quarter [n, H, W] of each image that holds least of its map."""
    high, wide = maps.shape[1] // 2, maps.shape[2] // 2
    quarters = torch.zeros(4, *maps.shape[1:], dtype=maps.dtype, device=maps.device)
    quarters[0, :high, :wide] = quarters[1, :high, wide:] = quarters[2, high:, :wide] = quarters[3, high:, wide:] = 1
    held = maps.flatten(1) @ quarters.flatten(1).T
    return torch.index_select(quarters, 0, held.argmin(1))


def centre(maps: Tensor) -> Tensor:
    """Centre of mass [n, 2] in pixels, row and column."""
    rows, columns = (torch.arange(size, dtype=maps.dtype, device=maps.device) for size in maps.shape[1:])
    return torch.stack([maps.sum(2) @ rows, maps.sum(1) @ columns], dim=1)


def _way(maps: Tensor, scene: Scene) -> Tensor:
    way: Tensor = torch.linalg.vector_norm(centre(maps) - scene.centre, dim=1)
    return way


CRITERIA: Mapping[Aim, Callable[[Tensor, Scene], Tensor]] = {
    Aim.TOP_K: lambda maps, scene: (maps * scene.top).sum((1, 2)),
    Aim.MASS_CENTRE: lambda maps, scene: -_way(maps, scene),
    Aim.REGION: lambda maps, scene: -(maps * scene.quarter).sum((1, 2)),
}
"""What each aim makes small, [n]."""


def run(study: FragilityStudy, batch: Batch, *, keep: int = 0) -> Partial:
    """Attack ``batch`` with each aim, and with noise.

    Keys of arrays: (label, aim, "attack" | "noise", quantity) [n] with quantities of ``compared``; (label, "maps")
    [k, 1 + aims, H, W]: the original and the best of each aim.
    """
    found: dict[Key, Tensor] = {}
    for label, siege in study.sieges.items():
        before = siege.explainer(study.model, batch, seed=0)
        scene, classes = Scene.of(shares(before.maps[label])), before.logits.argmax(1)
        arms = {aim: {"attack": _start(scene)} | {"noise": _start(scene)} for aim in Aim}
        for x in _noise(study, batch):
            _look(study, label, replace(batch, x=x), classes, scene=scene, best={a: arms[a]["noise"] for a in Aim})
        study.tick(len(batch) * siege.look_cost)
        for aim in Aim:
            for x in _attack(study, siege, batch, scene, aim=aim):
                _look(study, label, replace(batch, x=x), classes, scene=scene, best={aim: arms[aim]["attack"]})
            study.tick(len(batch) * siege.aim_cost)
        for aim, pair in arms.items():
            for arm, best in pair.items():
                measured = compared(study.comparison, best.maps, scene)
                found |= {(label, aim.value, arm, name): value for name, value in measured.items()}
        if keep:
            shown = [scene.maps, *(arms[aim]["attack"].maps for aim in Aim)]
            found[label, "maps"] = torch.stack(shown, dim=1)[:keep]
    return Partial(arrays=arrays(found))


def compared(comparison: Comparison, maps: Tensor, scene: Scene) -> dict[str, Tensor]:
    """What is left of the scene in ``maps``: overlap of the top k, rank correlation, way of the centre, mass; [n]."""
    ranks = [comparison.prepare(part) for part in (scene.maps, maps)]
    undefined = ranks[0].isnan().any(dim=1)  # a constant map has no largest pixels
    overlap = (top_mask(maps) & scene.top).sum((1, 2)) / scene.top.sum((1, 2))
    values = {
        "overlap": overlap,
        "rho": comparison.cross(*ranks).diagonal(),
        "displacement": _way(maps, scene),
        "region": (maps * scene.quarter).sum((1, 2)),
    }
    return {name: value.masked_fill(undefined, torch.nan) for name, value in values.items()}


def _start(scene: Scene) -> Best:
    return Best(scene.maps, scene.maps.new_full((len(scene.maps),), torch.inf))


def _look(
    study: FragilityStudy, label: str, batch: Batch, classes: Tensor, *, scene: Scene, best: Mapping[Aim, Best]
) -> None:
    """Explain ``batch`` on the network itself, and let each aim judge."""
    seen = study.sieges[label].explainer(study.model, batch, seed=0)
    maps, same = shares(seen.maps[label]), seen.logits.argmax(1) == classes
    for aim, kept in best.items():
        kept.see(CRITERIA[aim](maps, scene), maps, same)


def _noise(study: FragilityStudy, batch: Batch) -> Iterator[Tensor]:
    """Images a whole EPSILON from ``batch`` at every pixel that the box leaves room for."""
    pixels = Range.of(batch)
    start = pixels.shares(batch.x)
    for draw in range(study.steps):
        yield pixels.inputs((start + EPSILON * _signs(study.seed, draw, batch)).clamp(0, 1))


def _attack(study: FragilityStudy, siege: Siege, batch: Batch, scene: Scene, *, aim: Aim) -> Iterator[Tensor]:
    """Images of each step; the first is random, since at the original itself a distance has no slope."""
    pixels, start = Range.of(batch), Range.of(batch).shares(batch.x)
    low, high = (start - EPSILON).clamp(min=0), (start + EPSILON).clamp(max=1)
    place = (start + _STEP * _signs(study.seed, -1, batch)).clamp(low, high)
    for _ in range(study.steps):
        place = (place - _STEP * _slope(study, siege, batch, scene, place=place, aim=aim).sign()).clamp(low, high)
        yield pixels.inputs(place)


def _slope(study: FragilityStudy, siege: Siege, batch: Batch, scene: Scene, *, place: Tensor, aim: Aim) -> Tensor:
    """Slope of the aim's criterion at ``place``, shares of pixels [n, C, H, W]."""
    followed = Target(study.model, siege.function, seed=0, rows=siege.rows)
    beta = BETA if study.twin and not siege.smooth else None
    found = []
    for part in followed.parts(len(batch)):
        rows, here = batch.rows(part.start, part.stop), place[part].detach().clone().requires_grad_()
        maps = followed.at(rows, Range.of(rows).inputs(here), beta)
        found.append(slope(CRITERIA[aim](maps, scene.rows(part)).sum(), here))
    return torch.cat(found)


def _signs(seed: int, draw: int, batch: Batch) -> Tensor:
    """Random signs like the images, by seed, draw and an image's place."""
    shape = batch.x.shape[1:]
    rows: Iterable[Tensor] = (
        torch.randint(0, 2, shape, generator=generator_for("fragility", seed, draw, image)) for image in batch.index
    )
    return 2 * torch.stack(list(rows)).to(batch.x) - 1
