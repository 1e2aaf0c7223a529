"""fragility: how much of a map is lost to a small change that leaves the class? (Ghorbani et al. 2017)

With S the map of magnitudes over its sum, images move by x <- clip(x + alpha sign(dD/dx)) within |x - x_0| <= EPSILON
of the data's range. Three aims D: ``top_k``, less mass on the original's k largest pixels; ``mass_centre``, a distant
centre of mass; ``region``, mass in the quarter of the image that had least. Derivatives come from the softplus twin; of
all steps that leave the class the one that does best on the network itself is kept. The control arm is noise: as many
draws of x_0 + EPSILON * random signs, of which the best is kept by the same rule; an image that keeps its class nowhere
keeps its map. What counts is the attack's loss of the top k less the noise's. This file measures;
junco.audit.verdict decides. Cost: contract/attacking.py.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.checks.aims import CRITERIA, Scene, compared
from junco.audit.checks.attack import Range, Target, shares, slope
from junco.audit.checks.compare import arrays
from junco.audit.checks.randomise import generator_for
from junco.audit.explanation import Explainer, MapFunction
from junco.audit.maps import Comparison
from junco.audit.model import Canonical
from junco.audit.partial import Key, Partial, Tick
from junco.contract.catalogue import Aim

EPSILON = 8 / 255
"""Largest change of a pixel, as a share of its range."""
_STEP = 1 / 255
BETA = 30.0
"""beta of the twin that is followed."""


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


def run(study: FragilityStudy, batch: Batch, *, keep: int = 0) -> Partial:
    """Attack ``batch`` with each aim, and with noise.

    Keys of arrays: (label, aim, "attack" | "noise", quantity) [n] with quantities of ``compared``; (label, "maps")
    [k, 1 + aims, H, W]: the original and the best of each aim.
    """
    found: dict[Key, Tensor] = {}
    for label, siege in study.sieges.items():
        before = siege.explainer(study.model, batch, seed=0)
        scene, classes = Scene.of(shares(before.maps[label])), before.logits.argmax(1)
        arms = {aim: {"attack": _start(scene), "noise": _start(scene)} for aim in Aim}
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
