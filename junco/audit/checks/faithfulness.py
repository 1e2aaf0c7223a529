"""faithfulness: does taking away what the map marks move the model's answer sooner than taking away anything else?

Pixels are deleted in the order of the map, largest first, and inserted in it into an image without any (Petsiuk et al.,
RISE, 2018); the target's probability is followed. The same in ``orders`` random orders and, as a map of every plan, in
that of the image's edges, which any photo's object has many of. Two fills, since what stands in for the deleted pixels
can decide who wins (Tomsett et al., Sanity Checks for Saliency Metrics, 2020). Infidelity and max-sensitivity describe.
This file measures; junco.audit.verdict decides. Cost an image: the maps once and for each moved copy, 4 (steps - 1)
forward passes an order, one a square.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.checks.compare import arrays, made
from junco.audit.checks.infidelity import changes, drops, infidelity, nearby, random_maps, squares, sums
from junco.audit.checks.perturbed import curves, enlarged, filled, order_of, probabilities
from junco.audit.explanation import Explainer
from junco.audit.maps import Comparison
from junco.audit.model import Canonical
from junco.audit.partial import Key, Partial, Tick
from junco.contract.catalogue import Fill

RANDOM = "random"
"""Where curves in random order are kept; no method has this name."""


@dataclass(frozen=True)
class FaithStudy:
    """What the check works with: the trained model, all methods' explainer, and how much is asked of them."""

    model: Canonical
    explainer: Explainer
    comparison: Comparison
    seed: int
    steps: int
    orders: int
    squares: int
    moves: int
    tick: Tick = lambda _: None


@dataclass(frozen=True)
class Ready:
    """Comparable maps [n, h, w] of all methods, and which of them have no ranks, [n]."""

    maps: Mapping[str, Tensor]
    degenerate: Mapping[str, Tensor]


def run(study: FaithStudy, batch: Batch, *, cost: int, keep: int = 0) -> Partial:
    """Explain ``batch`` and take its images apart; ``cost`` is told to the tick as it goes.

    Keys of arrays: (label, fill, "deletion" | "insertion") [n, steps + 1], (RANDOM, draw, fill, ...) likewise,
    (label, "degenerate" | "infidelity" | "sensitivity") [n], (RANDOM, "infidelity" | "sensitivity") [n], (label,
    "maps") [keep, h, w].
    """
    ready = _explained(study, batch, batch.x, seed=0)
    found: dict[Key, Tensor] = {(label, "degenerate"): lost for label, lost in ready.degenerate.items()}
    found |= {(label, "maps"): maps[:keep] for label, maps in ready.maps.items() if keep}
    study.tick(cost // 3)
    found |= _curves(study, batch, ready)
    study.tick(cost // 3)
    found |= _infidelities(study, batch, ready) | _sensitivities(study, batch, ready)
    study.tick(cost - 2 * (cost // 3))
    return Partial(arrays=arrays(found))


def _explained(study: FaithStudy, batch: Batch, x: Tensor, *, seed: int) -> Ready:
    raw = study.explainer(study.model, replace(batch, x=x), seed=seed).maps
    done = {label: made(study, label, one) for label, one in raw.items()}
    maps = {label: one.maps for label, one in done.items()}
    return Ready(maps, {label: one.degenerate for label, one in done.items()})


def _curves(study: FaithStudy, batch: Batch, ready: Ready) -> dict[Key, Tensor]:
    fills = {fill: filled(batch, fill) for fill in Fill}
    ends = {fill: probabilities(study.model, blank, batch.targets) for fill, blank in fills.items()}
    start = probabilities(study.model, batch.x, batch.targets)
    orders: dict[Key, Tensor] = {
        (label,): order_of(m, batch, seed=study.seed, draw=0) for label, m in ready.maps.items()
    }
    flat = torch.zeros_like(batch.x[:, 0])
    orders |= {(RANDOM, str(k)): order_of(flat, batch, seed=study.seed, draw=1 + k) for k in range(study.orders)}
    found: dict[Key, Tensor] = {}
    for key, order in orders.items():
        for (fill, name), inner in curves(study.model, batch, order, fills=fills, steps=study.steps).items():
            first, last = (start, ends[fill]) if name == "deletion" else (ends[fill], start)
            found[*key, fill.value, name] = torch.cat([first[:, None], inner, last[:, None]], 1)
    return found


def _infidelities(study: FaithStudy, batch: Batch, ready: Ready) -> dict[Key, Tensor]:
    size, hidden = batch.x.shape[2:], squares(batch, seed=study.seed, count=study.squares)
    lost = drops(study.model, batch, filled(batch, Fill.MEAN), hidden)
    maps = {**ready.maps, RANDOM: random_maps(batch, seed=study.seed, draw=0)}
    return {(label, "infidelity"): infidelity(sums(enlarged(m, size), hidden), lost) for label, m in maps.items()}


def _sensitivities(study: FaithStudy, batch: Batch, ready: Ready) -> dict[Key, Tensor]:
    """The largest change over moved copies; each is asked for with a seed of its own, as a user would."""
    before = {**ready.maps, RANDOM: random_maps(batch, seed=study.seed, draw=0)}
    most = {label: torch.zeros(len(batch), dtype=maps.dtype, device=maps.device) for label, maps in before.items()}
    for draw in range(study.moves):
        moved = nearby(batch, seed=study.seed, draw=draw)
        after = {**_explained(study, batch, moved, seed=1 + draw).maps}
        after[RANDOM] = random_maps(batch, seed=study.seed, draw=1 + draw)
        for label, change in changes(before, after).items():
            most[label] = torch.maximum(most[label], change)
    return {(label, "sensitivity"): values for label, values in most.items()}
