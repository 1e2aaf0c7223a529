"""input_shift: two networks that agree on x and x + m must explain them alike (Kindermans et al. 2017).

The paper folds m into the first bias of an MLP. Two constructions are exact for any network: ``prepend`` x -> x - m,
and ``fold``, the first linear operation less its own response to m, padding included, as a map over space. Both are
checked against the original's outputs before any map is compared; the paper's per-channel bias fails that on padded
convolutions. Maps are compared under the construction that suits the methods: prepend, unless a rule (LRP and its kin)
would stop at the prepended layer and pass vacuously. Methods that measure from a baseline are asked once more with the
baseline moved by m, place by place: what moves then is the method, not the choice of its baseline.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.checks.agreement import agreement, probed
from junco.audit.checks.constructions import Construction, constructions
from junco.audit.checks.dyadic import dyadic, evened, grid_of, on_grid
from junco.audit.checks.shifts import Sketched, sketched
from junco.audit.explanation import Explained, Explainer
from junco.audit.maps import Comparison, reduce
from junco.audit.model import Canonical
from junco.audit.partial import Key, Partial, Tick
from junco.contract.plan import Shard


@dataclass(frozen=True)
class ShiftStudy:
    """What the check works with: a model, float64 unless it is a black box, and the methods' explainers.

    ``explainer`` has the methods that ``construction`` suits, ``folding`` those whose rules would stop at a layer put
    before the model. ``rebased`` has those methods of either that measure from a baseline, by construction.
    """

    model: Canonical
    explainer: Explainer
    comparison: Comparison
    seed: int
    construction: Construction = "prepend"
    tick: Tick = lambda _: None
    folding: Explainer | None = None
    rebased: Mapping[Construction, Explainer] = field(default_factory=dict)

    def arms(self) -> list[tuple[Construction, Explainer]]:
        """Each construction with the methods that are compared under it, as far as the model allows."""
        found = [(self.construction, self.explainer)]
        can_fold = self.folding is not None and self.model.first_linear is not None
        return [*found, ("fold", self.folding)] if can_fold and self.folding else found


def run(shard: Shard, study: ShiftStudy, batch: Batch, *, shift: Tensor, keep: int = 0) -> Partial:
    """Compare the maps of x and x + m; ``shift`` is m, [C, H, W].

    Keys of arrays: (label, "difference" | "rho" | "rebased") [n], (label, "maps") [keep, 2, h, w], and of a shard
    whose shift draws a picture ("picture", "wanted" | "before" | "after") [H, W]; ("shift", "m") [C, H, W]. Facts hold
    the precondition of each construction that the model allows.
    """
    grid = grid_of(batch, shift)
    batch, shift = on_grid(batch, grid), dyadic(shift, grid)
    twins = {name: build(study.model, shift) for name, build in constructions(study.model).items()}
    seen = probed(study.model, batch, seed=study.seed, grid=grid)
    held = {name: agreement(seen, twin, shift) for name, twin in twins.items()}
    before = [explainer(study.model, batch, seed=study.seed) for _, explainer in study.arms()]
    study.tick(shard.cost // 2)
    moved = _moved(batch, shift)
    arrays: dict[Key, np.ndarray[Any, Any]] = {}
    used: dict[str, Construction] = {}
    for (construction, explainer), first in zip(study.arms(), before, strict=True):
        second = explainer(twins[construction], moved, seed=study.seed)
        for label, raw in first.maps.items():
            view = explainer.traits[label].view
            arrays |= _compared(study, label, reduce(raw, view), reduce(second.maps[label], view), keep=keep)
            used[label] = construction
        arrays |= _rebased(study, construction, twins[construction], batch=moved, first=first)
    arrays["shift", "m"] = shift.float().cpu().numpy()
    if keep and shard.shift == "image":
        arrays |= _picture(sketched((study.model, twins["prepend"]), batch, shift))
    study.tick(shard.cost - shard.cost // 2)
    facts: dict[str, object] = {
        "preconditions": held,
        "construction": study.construction,
        "constructions": used,
        "dtype": str(batch.x.dtype).removeprefix("torch."),
        "shift": shift.flatten(1).mean(1).tolist(),
    }
    return Partial(arrays=arrays, facts=facts)


def _moved(batch: Batch, shift: Tensor) -> Batch:
    others = None if batch.references is None else batch.references + shift
    return replace(batch, x=batch.x + shift, shift=shift, references=others)


def _compared(study: ShiftStudy, label: str, a: Tensor, b: Tensor, *, keep: int) -> dict[Key, np.ndarray[Any, Any]]:
    ranks = [study.comparison.prepare(evened(maps, a)) for maps in (a, b)]
    found: dict[Key, np.ndarray[Any, Any]] = {
        (label, "difference"): _difference(a, b).cpu().numpy(),
        (label, "rho"): study.comparison.cross(*ranks).diagonal().double().cpu().numpy(),
    }
    if keep:
        found[label, "maps"] = torch.stack([a[:keep], b[:keep]], 1).float().cpu().numpy()
    return found


def _rebased(
    study: ShiftStudy, construction: Construction, twin: Canonical, *, batch: Batch, first: Explained
) -> dict[Key, np.ndarray[Any, Any]]:
    """The difference that is left when baselines move by the shift too."""
    explainer = study.rebased.get(construction)
    if explainer is None:
        return {}
    maps = explainer(twin, replace(batch, rebased=True), seed=study.seed).maps
    views = {label: explainer.traits[label].view for label in maps}
    pairs = {label: (reduce(first.maps[label], views[label]), reduce(maps[label], views[label])) for label in maps}
    return {(label, "rebased"): _difference(*pair).cpu().numpy() for label, pair in pairs.items()}


def _picture(found: Sketched) -> dict[Key, np.ndarray[Any, Any]]:
    maps = {"wanted": found.wanted, "before": found.before, "after": found.after}
    return {("picture", name): values.float().cpu().numpy() for name, values in maps.items()}


def _difference(a: Tensor, b: Tensor) -> Tensor:
    """max|A1 - A2| / max|A1| per image; NaN where the first map is zero or not finite."""
    scale = a.abs().flatten(1).amax(1)
    return torch.where(scale > 0, (a - b).abs().flatten(1).amax(1) / scale, torch.nan)
