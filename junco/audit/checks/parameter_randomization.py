"""parameter_randomization: does the map change when the model's parameters are destroyed? (Adebayo et al. 2018)

Layers are randomised as the convention says: by default cumulatively, from the output down. For image i and randomised
model s: rho_is = sim(A_i, B_is), floor F_is = mean over j != i of sim(A_i, B_js), ceiling R_i = sim(A_i, A_i') with the
method's own randomness drawn again. sim is |Spearman| for signed maps, since random logits flip signs, and Spearman for
unsigned ones. This file measures; junco.audit.verdict decides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.checks.compare import made
from junco.audit.checks.conventions import Published
from junco.audit.checks.ledger import Ledger
from junco.audit.checks.randomise import Cascade, generator_for, randomised, snapshot, unchanged
from junco.audit.explanation import Explainer
from junco.audit.maps import Comparison
from junco.audit.model import Canonical
from junco.audit.partial import Partial, Tick
from junco.contract.conventions import AUDIT
from junco.contract.plan import Cell, Shard
from junco.contract.randomization import Order, Randomization, TargetPolicy

_PREDICTED_AT_ONCE = 16
"""Images in one pass when a randomised network predicts its own classes."""


@dataclass(frozen=True)
class Study:
    """What the check works with: the model, its explainers (all methods, and those with randomness of their own).

    ``published`` are the convention's statistics per method and name, of raw maps at the image's size.
    """

    model: Canonical
    explainer: Explainer
    stochastic: Explainer | None
    comparison: Comparison
    calibration: Sequence[Tensor]
    seed: int
    tick: Tick = lambda _: None
    how: Randomization = AUDIT
    published: Mapping[str, Mapping[str, Published]] = field(default_factory=dict)


def run(shard: Shard, study: Study, batch: Batch, *, keep: int = 0) -> Partial:
    """Measure every cell and stage of ``shard`` on ``batch``; keep the maps of the first ``keep`` images.

    Keys of arrays: (label, arm, seed, stage, quantity) [n], (label, "original", quantity) [n],
    ("logits", arm, seed, stage) and ("logits", "original") [n, classes].
    """
    original = study.explainer(study.model, batch, seed=0)
    reference = {label: made(study, label, maps, magnitudes=True) for label, maps in original.maps.items()}
    ledger = Ledger(study, batch, reference, original, keep=keep, last_stage=str(max(shard.stages)))
    ledger.original()
    study.tick(2 * len(batch))
    cells = [_cell(study, cell, stages=shard.stages, ledger=ledger) for cell in shard.cells]
    resolutions = {label: list(prepared.maps.shape[-2:]) for label, prepared in reference.items()}
    return Partial(arrays=ledger.arrays, facts={"cells": cells, "resolutions": resolutions})


def _cell(study: Study, cell: Cell, *, stages: Sequence[int], ledger: Ledger) -> dict[str, object]:
    """Put one randomised model into ``ledger``, stage by stage; answers what it was and which tensors it left."""
    before = snapshot(study.model)
    left: list[str] = []
    seed, calibration = _stream(study, cell), study.calibration
    with randomised(study.model, arm=cell.arm, seed=seed, calibration=calibration, how=study.how) as cascade:
        for stage in stages:
            cascade.descend(stage)
            draw = int(generator_for("explain", study.seed, cell.arm, cell.seed, stage).initial_seed() % 2**31)
            ledger.record(cell, stage, study.explainer(study.model, _asked(study, ledger.batch), seed=2 + draw))
            study.tick(len(ledger.batch))
            left += _left(cascade, study, before) if _complete(study, stage) else []
    return {"arm": cell.arm.value, "seed": cell.seed, "unchanged": left}


def _asked(study: Study, batch: Batch) -> Batch:
    """``batch`` with the classes that the policy wants explained on the model as it is now."""
    if study.how.target_policy is TargetPolicy.FIXED:
        return batch
    with torch.no_grad():
        logits = torch.cat([study.model(part) for part in torch.split(batch.x, _PREDICTED_AT_ONCE)])
    return replace(batch, targets=logits.argmax(1))


def _complete(study: Study, stage: int) -> bool:
    """Whether ``stage`` shows what randomisation leaves: the last of a cascade, or any layer drawn alone."""
    return stage == len(study.model.steps) or study.how.order is Order.INDEPENDENT


def _left(cascade: Cascade, study: Study, before: Mapping[str, Tensor]) -> list[str]:
    return unchanged(study.model, before, cascade.targeted())


def _stream(study: Study, cell: Cell) -> int:
    return int(generator_for("cell", study.seed, cell.seed).initial_seed() % 2**31)
