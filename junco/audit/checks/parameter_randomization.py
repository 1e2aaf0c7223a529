"""parameter_randomization: does the map change when the model's parameters are destroyed? (Adebayo et al. 2018)

Layers are randomised as the convention says: by default cumulatively, from the output down. For image i and randomised
model s: rho_is = sim(A_i, B_is), floor F_is = mean over j != i of sim(A_i, B_js), ceiling R_i = sim(A_i, A_i') with the
method's own randomness drawn again. sim is |Spearman| for signed maps, since random logits flip signs, and Spearman for
unsigned ones. This file measures; junco.audit.verdict decides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from junco.audit.checks.compare import Prepared, against, array, ceilings, made, others
from junco.audit.checks.conventions import Published, as_images
from junco.audit.checks.efficient import complexity
from junco.audit.checks.randomise import Cascade, generator_for, randomised, snapshot, unchanged
from junco.audit.types import Batch, Canonical, Comparison, Explained, Explainer, Key, Partial, Tick, reduce
from junco.contract.catalogue import Control
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
    ledger = _Ledger(study, batch, reference, original, keep=keep, last_stage=str(max(shard.stages)))
    ledger.original()
    study.tick(2 * len(batch))
    for cell in shard.cells:
        _cell(cell, shard.stages, ledger)
    resolutions = {label: list(prepared.maps.shape[-2:]) for label, prepared in reference.items()}
    return Partial(arrays=ledger.arrays, facts={"cells": ledger.facts, "resolutions": resolutions})


def phase_noise(maps: Tensor, generator: torch.Generator) -> Tensor:
    """Random maps [n, h, w] with the amplitude spectrum of ``maps`` and the phases of white noise."""
    white = torch.randn(maps.shape, generator=generator, dtype=torch.float64).to(maps)
    spectrum = torch.fft.rfft2(white)
    phase = spectrum / spectrum.abs().clamp_min(torch.finfo(maps.dtype).tiny)
    shaped: Tensor = torch.fft.irfft2(torch.fft.rfft2(maps).abs() * phase, s=(maps.shape[-2], maps.shape[-1]))
    return shaped


@dataclass
class _Ledger:
    study: Study
    batch: Batch
    reference: Mapping[str, Prepared]
    explained: Explained
    keep: int
    last_stage: str = ""
    arrays: dict[Key, np.ndarray[Any, Any]] = field(default_factory=dict)
    facts: list[dict[str, object]] = field(default_factory=list)
    last: dict[tuple[str, str, str], Tensor] = field(default_factory=dict)

    def put(self, key: Key, values: Tensor) -> None:
        self.arrays[key] = array(values)

    def original(self) -> None:
        self.put(("logits", "original"), self.explained.logits)
        for label, ceiling in ceilings(self.study, self.batch, self.reference).items():
            self.put((label, "original", "ceiling"), ceiling)
        for label, reference in self.reference.items():
            self._edge(label, reference)
            self._random_map(label, reference)
            self._complexity((label, "original"), reference)
            self._maps((label, "original"), reference)

    def _edge(self, label: str, reference: Prepared) -> None:
        """Similarity to the image's own edges: the partial view of an input-dominated map."""
        edges = self.reference.get(Control.EDGE_DETECTOR)
        if edges is not None:
            small = functional.adaptive_avg_pool2d(
                edges.maps[:, None], (reference.maps.shape[-2], reference.maps.shape[-1])
            )[:, 0]
            # Edges have no sign: a signed map that paints them does so with its magnitudes.
            ours = self.study.comparison.prepare(reference.maps.abs()) if reference.signed else reference.ranks
            table = self.study.comparison.cross(ours, self.study.comparison.prepare(small))
            self.put((label, "original", "edge"), table.diagonal().abs())

    def _random_map(self, label: str, reference: Prepared) -> None:
        """Similarity to noise of the same power spectrum: what smoothness alone would give."""
        generator = generator_for("spectrum", self.study.seed, label, *self.batch.index)
        noise = self.study.comparison.prepare(phase_noise(reference.maps, generator))
        table = self.study.comparison.cross(reference.ranks, noise)
        self.put((label, "original", "random_map"), table.abs().diagonal() if reference.signed else table.diagonal())

    def record(self, cell: Cell, stage: int, explained: Explained) -> None:
        place = (cell.arm.value, str(cell.seed), str(stage))
        self.put(("logits", *place), explained.logits)
        for label, raw in explained.maps.items():
            self._compare(label, place, raw)

    def _compare(self, label: str, place: Key, raw: Tensor) -> None:
        reference = self.reference[label]
        maps = reduce(raw, self.study.explainer.traits[label].view)
        same = maps.shape == reference.maps.shape and torch.equal(maps, reference.maps)
        prepared = reference if same else made(self.study, label, raw, magnitudes=True)
        key = (label, *place)
        for name, values in against(self.study.comparison, reference, prepared).items():
            self.put((*key, name), values)
        self._magnitudes(key, reference, prepared)
        self._publish(key, raw)
        self._complexity(key, prepared)
        self._against_last_seed(key, prepared)
        self._describe(key, reference, prepared)
        self._maps(key, prepared)

    def _describe(self, key: Key, reference: Prepared, prepared: Prepared) -> None:
        """Measures that never decide, on each arm's first seed: they cost as much as the passes themselves."""
        label, _, seed, _ = key
        if seed == "0" and not self.study.explainer.traits[label].control:
            for name, measure in self.study.comparison.descriptive.items():
                self.put((*key, name), measure(reference.maps, prepared.maps))

    def _publish(self, key: Key, raw: Tensor) -> None:
        """What the convention's paper reports, of all channels at the image's size."""
        shape = self.batch.x.shape[1:]
        for name, measure in self.study.published.get(key[0], {}).items():
            original = self.explained.maps[key[0]]
            self.put((*key, name), measure(as_images(original, shape), as_images(raw, shape)))

    def _complexity(self, key: Key, prepared: Prepared) -> None:
        """Entropy of the maps on the last stage's networks: what efficient MPRT compares with the trained one's."""
        if key[-1] in (self.last_stage, "original") and not self.study.explainer.traits[key[0]].control:
            self.put((*key, "complexity"), complexity(prepared.maps))

    def _magnitudes(self, key: Key, reference: Prepared, prepared: Prepared) -> None:
        if reference.magnitudes is not None and prepared.magnitudes is not None:
            table = self.study.comparison.cross(reference.magnitudes, prepared.magnitudes)
            self.put((*key, "rho_abs"), table.diagonal())
            self.put((*key, "floor_abs"), others(table))

    def _against_last_seed(self, key: Key, prepared: Prepared) -> None:
        """Two random models against each other: what the architecture alone draws."""
        label, arm, _, stage = key
        before = self.last.get((label, arm, stage))
        if before is not None:
            table = self.study.comparison.cross(before, prepared.ranks)
            self.put((*key, "random_vs_random"), (table.abs() if prepared.signed else table).diagonal())
        self.last[label, arm, stage] = prepared.ranks

    def _maps(self, key: Key, prepared: Prepared) -> None:
        if self.keep:
            # A copy, since a slice would hold all maps of the batch in memory.
            self.put((*key, "maps"), prepared.maps[: self.keep].clone())


def _cell(cell: Cell, stages: Sequence[int], ledger: _Ledger) -> None:
    study = ledger.study
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
    ledger.facts.append({"arm": cell.arm.value, "seed": cell.seed, "unchanged": left})


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
