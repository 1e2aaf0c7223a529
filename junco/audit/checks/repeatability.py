"""repeatability: is the same question answered with the same map? The ceiling under every other similarity.

R_i = Spearman(A_i, A_i'), with its sign, where A_i' is asked for again: with another ``seed``, which moves methods with
randomness of their own; in another ``order`` and batch size; on another number of ``threads``. The last two change
nothing but the order of additions. d_i = max|A_i - A_i'| / max|A_i| stands beside it. A random map calls every
similarity of maps the best of all and is caught here (Binder et al. 2022). This file measures; junco.audit.verdict
decides. Cost: draws + 3 explanations an image.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.checks.compare import arrays, made
from junco.audit.explanation import Explainer
from junco.audit.maps import Comparison
from junco.audit.model import Canonical
from junco.audit.partial import Key, Partial, Tick
from junco.contract.catalogue import Circumstance


@dataclass(frozen=True)
class RepeatStudy:
    """What the check works with: the model, and the same methods in passes of two sizes."""

    model: Canonical
    explainer: Explainer
    other: Explainer
    comparison: Comparison
    draws: int
    tick: Tick = lambda _: None


def run(study: RepeatStudy, batch: Batch, *, cost: int, keep: int = 0) -> Partial:
    """Explain ``batch`` again and again; keep two answers for the first ``keep`` images. ``cost`` is told to the tick.

    Keys of arrays: (label, circumstance, draw, "rho" | "difference") [n], (label, "original", "degenerate") [n],
    (label, "maps") [keep, 2, h, w].
    """
    original = study.explainer(study.model, batch, seed=0)
    own = {label: made(study, label, raw) for label, raw in original.maps.items()}
    found: dict[Key, Tensor] = {(label, "original", "degenerate"): r.degenerate for label, r in own.items()}
    study.tick(cost // 2)
    for circumstance, draw, maps in _again(study, batch):
        for label, raw in maps.items():
            theirs = made(study, label, raw)
            rho = study.comparison.cross(own[label].ranks, theirs.ranks).diagonal()
            found[label, circumstance, draw, "rho"] = rho
            found[label, circumstance, draw, "difference"] = moved(own[label].maps, theirs.maps)
            if keep and (circumstance, draw) == (Circumstance.SEED, "0"):
                found[label, "maps"] = torch.stack([own[label].maps[:keep], theirs.maps[:keep]], 1)
    study.tick(cost - cost // 2)
    return Partial(arrays=arrays(found))


def _again(study: RepeatStudy, batch: Batch) -> Iterator[tuple[Circumstance, str, Mapping[str, Tensor]]]:
    """The same maps asked for again, back in the batch's order."""
    for draw in range(study.draws):
        yield Circumstance.SEED, str(draw), study.explainer(study.model, batch, seed=1 + draw).maps
    turned = study.other(study.model, backwards(batch), seed=0).maps
    yield Circumstance.ORDER, "0", {label: raw.flip(0) for label, raw in turned.items()}
    with threads(1 if torch.get_num_threads() > 1 else 2):
        yield Circumstance.THREADS, "0", study.explainer(study.model, batch, seed=0).maps


def backwards(batch: Batch) -> Batch:
    """The same images, the last one first."""
    return replace(batch, x=batch.x.flip(0), targets=batch.targets.flip(0), index=batch.index[::-1])


@contextmanager
def threads(count: int) -> Iterator[None]:
    """So many threads for torch's operators, until the block is left."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def moved(a: Tensor, b: Tensor) -> Tensor:
    """max|A - A'| / max|A| per image; NaN where the first map is zero."""
    scale = a.abs().flatten(1).amax(1)
    return torch.where(scale > 0, (a - b).abs().flatten(1).amax(1) / scale, torch.nan)
