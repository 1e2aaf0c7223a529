"""model_manipulation: was the network trained to answer as it should and to explain itself otherwise? (Heo et al. 2019)

What can be seen of an uploaded network, per image and method, beside a witness that no gradient can fool (occlusion of
the centred logit): ``offset``, Spearman of the maps of z_c and of z_c - mean z; ``frame``, the map's mass within a
seventh of the side from the border; ``others``, mean Spearman to other images' maps; ``gain``, area under insertion
less that under deletion in the map's order, beside the witness's and random orders; ``agreement`` with the witness,
and with other images' witnesses; ``contrast`` on two photos side by side; the same method on reference models.
This file measures; junco.audit.verdict decides.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.checks.centring import centred_model
from junco.audit.checks.compare import arrays, made, others
from junco.audit.checks.composites import composites, contrast, partners
from junco.audit.checks.frame import framed
from junco.audit.checks.perturbed import enlarged, gain, order_of
from junco.audit.checks.supplied import kin
from junco.audit.checks.witness import Windows, losses, of_class, on_windows
from junco.audit.explanation import Explainer
from junco.audit.maps import Comparison
from junco.audit.model import Canonical
from junco.audit.partial import Key, Partial, Tick

WITNESS, RANDOM, PANEL, KIN = "witness", "random", "panel", "kin"
"""Where the figures of the witness, of random orders, of usual methods and of reference models' architectures are kept;
no method has these names."""


@dataclass(frozen=True)
class TamperingStudy:
    """What the check works with; ``centring`` holds those methods that are defined on centred logits.

    ``panel`` are usual methods that a fooled network would fool together. ``references`` are honest models of the same
    task, each with the same methods as far as they are defined on it; they are gone through once, so that a generator
    need not hold them all.
    """

    model: Canonical
    explainer: Explainer
    centring: Explainer | None
    panel: Explainer | None
    references: Iterable[tuple[Canonical, Explainer]]
    comparison: Comparison
    windows: Windows
    seed: int
    steps: int
    orders: int
    tick: Tick = lambda _: None


@dataclass(frozen=True)
class Seen:
    """One model's maps of one batch: comparable ones [n, h, w] by label, the same on windows, and the witness's."""

    maps: Mapping[str, Tensor]
    windows: Mapping[str, Tensor]
    witness: Tensor


def run(study: TamperingStudy, batch: Batch, *, cost: int, keep: int = 0) -> Partial:
    """Measure ``batch``; ``cost`` is told to the tick as it goes.

    Keys of arrays, [n] each: (label | WITNESS, "frame" | "others" | "gain" | "contrast" | "contrast_mass"), (RANDOM,
    "gain"), (label, "offset" | "agreement" | "agreement_floor" | "degenerate"), (PANEL, label, "agreement" |
    "agreement_floor"), (label | WITNESS, "reference", k, "rho" | "floor" | "gain" | "frame"), (RANDOM, "reference", k,
    "gain"), (KIN, "reference", k) where it has the model's own layers, (label | WITNESS, "between", i, j). Kept: (label
    | WITNESS, "maps" | "left" | "right") [keep, h, w].
    """
    seen = _seen(study, study.explainer, study.model, batch)
    found = _looks(study, batch, seen) | _offsets(study, batch, seen)
    found |= _panel(study, batch, seen.witness)
    study.tick(cost // 3)
    found |= {(*key, "gain"): gain for key, gain in _gains(study, study.model, batch, seen).items()}
    study.tick(cost // 3)
    found |= _contrasts(study, batch, keep=keep)
    found |= _references(study, batch, seen)
    if keep:
        found |= {(label, "maps"): maps[:keep] for label, maps in {**seen.maps, WITNESS: seen.witness}.items()}
    study.tick(cost - 2 * (cost // 3))
    return Partial(arrays=arrays(found))


def _seen(study: TamperingStudy, explainer: Explainer, model: Canonical, batch: Batch) -> Seen:
    """``batch`` as ``model`` explains it, for the batch's targets."""
    maps = _maps(study, explainer, model, batch)
    return Seen(maps, _on_windows(study, maps, batch), of_class(losses(model, batch, study.windows), batch.targets))


def _maps(study: TamperingStudy, explainer: Explainer, model: Canonical, batch: Batch) -> dict[str, Tensor]:
    """Comparable maps, drawn with the same seed on every model and for every class."""
    asked = replace(study, explainer=explainer)
    return {label: made(asked, label, raw).maps for label, raw in explainer(model, batch, seed=0).maps.items()}


def _on_windows(study: TamperingStudy, maps: Mapping[str, Tensor], batch: Batch) -> dict[str, Tensor]:
    height, width = batch.x.shape[2:]
    return {label: on_windows(one, (height, width), study.windows) for label, one in maps.items()}


def _looks(study: TamperingStudy, batch: Batch, seen: Seen) -> dict[Key, Tensor]:
    """What maps show by themselves, and beside the witness."""
    found: dict[Key, Tensor] = {}
    for label, maps in {**seen.maps, WITNESS: seen.witness}.items():
        found[label, "frame"] = _framed(maps, batch)
        found[label, "others"] = others(_alike(study, maps.abs(), maps.abs()))
    for label, maps in seen.windows.items():
        found |= {(label, name): values for name, values in _agreement(study, maps, seen.witness).items()}
        found[label, "degenerate"] = study.comparison.prepare(seen.maps[label]).isnan().any(1)
    return found


def _framed(maps: Tensor, batch: Batch) -> Tensor:
    return framed(enlarged(maps.abs(), batch.x.shape[2:]))


def _agreement(study: TamperingStudy, maps: Tensor, witness: Tensor) -> dict[str, Tensor]:
    table = _alike(study, maps, witness)
    return {"agreement": table.diagonal(), "agreement_floor": others(table)}


def _alike(study: TamperingStudy, a: Tensor, b: Tensor) -> Tensor:
    """Spearman, with its sign, of every map with every other, [n, m]."""
    return study.comparison.cross(study.comparison.prepare(a), study.comparison.prepare(b))


def _offsets(study: TamperingStudy, batch: Batch, seen: Seen) -> dict[Key, Tensor]:
    """The same methods, with the same seed, where no offset can be shown."""
    if study.centring is None:
        return {}
    centred = _maps(study, study.centring, centred_model(study.model), batch)
    return {(label, "offset"): _alike(study, seen.maps[label], maps).diagonal() for label, maps in centred.items()}


def _panel(study: TamperingStudy, batch: Batch, witness: Tensor) -> dict[Key, Tensor]:
    if study.panel is None:
        return {}
    shown = _on_windows(study, _maps(study, study.panel, study.model, batch), batch)
    return {
        (PANEL, label, name): values
        for label, maps in shown.items()
        for name, values in _agreement(study, maps, witness).items()
    }


def _gains(study: TamperingStudy, model: Canonical, batch: Batch, seen: Seen) -> dict[Key, Tensor]:
    """Gain [n] of the order of each map, of the witness's, and of random ones on the mean."""

    def of(maps: Tensor, draw: int) -> Tensor:
        return gain(model, batch, order_of(maps, batch, seed=study.seed, draw=draw), steps=study.steps)

    found: dict[Key, Tensor] = {(label,): of(maps, 0) for label, maps in seen.maps.items()}
    flat = torch.zeros_like(batch.x[:, 0])
    drawn = [of(flat, 1 + k) for k in range(study.orders)]
    return found | {(WITNESS,): of(seen.witness, 0), (RANDOM,): torch.stack(drawn).mean(0)}


def _contrasts(study: TamperingStudy, batch: Batch, *, keep: int) -> dict[Key, Tensor]:
    """Both classes' maps of photos side by side; NaN where the batch has one class only."""
    beside = partners(batch.targets)
    pairs = composites(batch, beside)
    of_all = losses(study.model, pairs, study.windows)

    def shown(targets: Tensor) -> dict[str, Tensor]:
        drawn = _maps(study, study.explainer, study.model, replace(pairs, targets=targets))
        return {WITNESS: of_class(of_all, targets)} | _on_windows(study, drawn, batch)

    left, right = shown(batch.targets), shown(batch.targets[beside])
    alone = batch.targets == batch.targets[beside]
    found: dict[Key, Tensor] = {}
    for label, maps in left.items():
        theirs = right[label]
        found[label, "contrast"] = contrast(maps.clamp_min(0), theirs.clamp_min(0)).masked_fill(alone, torch.nan)
        found[label, "contrast_mass"] = contrast(maps.abs(), theirs.abs()).masked_fill(alone, torch.nan)
        if keep:
            found |= {(label, "left"): maps[:keep], (label, "right"): theirs[:keep]}
    return found


def _references(study: TamperingStudy, batch: Batch, own: Seen) -> dict[Key, Tensor]:
    """The same methods on each reference, and the references among one another."""
    found: dict[Key, Tensor] = {}
    seen: list[Seen] = []
    for k, (model, explainer) in enumerate(study.references):
        theirs = _seen(study, explainer, model, batch)
        gains = _gains(study, model, batch, theirs)
        found |= {(*key, "reference", str(k), "gain"): gain for key, gain in gains.items()}
        shown = {**theirs.maps, WITNESS: theirs.witness}
        found |= {(label, "reference", str(k), "frame"): _framed(maps, batch) for label, maps in shown.items()}
        found[KIN, "reference", str(k)] = torch.full((len(batch.x),), kin(study.model, model), dtype=torch.float64)
        for label, table in _tables(study, own, theirs).items():
            found[label, "reference", str(k), "rho"] = table.diagonal()
            found[label, "reference", str(k), "floor"] = others(table)
        for place, earlier in enumerate(seen):
            for label, table in _tables(study, earlier, theirs).items():
                found[label, "between", str(place), str(k)] = table.diagonal()
        seen.append(theirs)
    return found


def _tables(study: TamperingStudy, a: Seen, b: Seen) -> dict[str, Tensor]:
    """Similarities [n, n] of two models' maps, on windows, where both have the method."""
    both = {label: (maps, b.windows[label]) for label, maps in a.windows.items() if label in b.windows}
    both[WITNESS] = (a.witness, b.witness)
    return {label: _alike(study, one, other) for label, (one, other) in both.items()}
