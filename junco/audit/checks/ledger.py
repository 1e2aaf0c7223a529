"""What parameter_randomization writes down of every map: of the trained model's, and of each randomised one's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.checks.compare import Prepared, Repeating, against, array, ceilings, likenesses, made, others
from junco.audit.checks.conventions import Published, as_images
from junco.audit.checks.efficient import complexity
from junco.audit.checks.randomise import generator_for
from junco.audit.checks.resemblance import to_edges, to_noise
from junco.audit.explanation import Explained
from junco.audit.maps import reduce
from junco.audit.partial import Key
from junco.contract.catalogue import Control
from junco.contract.plan import Cell


class Recording(Repeating, Protocol):
    """What a study has whose maps are written down."""

    @property
    def seed(self) -> int:
        """The plan's."""
        ...

    @property
    def published(self) -> Mapping[str, Mapping[str, Published]]:
        """The convention's statistics per method and name, of raw maps at the image's size."""
        ...


@dataclass
class Ledger:
    """Figures of one batch under structured keys.

    ``reference`` and ``explained`` are the trained model's maps and what they were made of; the maps of the first
    ``keep`` images are kept; ``last_stage`` is the one whose entropy is measured.
    """

    study: Recording
    batch: Batch
    reference: Mapping[str, Prepared]
    explained: Explained
    keep: int
    last_stage: str = ""
    arrays: dict[Key, np.ndarray[Any, Any]] = field(default_factory=dict)
    last: dict[tuple[str, str, str], Tensor] = field(default_factory=dict)

    def put(self, key: Key, values: Tensor) -> None:
        """Write ``values`` down under ``key``."""
        self.arrays[key] = array(values)

    def original(self) -> None:
        """Write down the trained model's maps: how they repeat, and what they resemble by themselves."""
        self.put(("logits", "original"), self.explained.logits)
        for label, ceiling in ceilings(self.study, self.batch, self.reference).items():
            self.put((label, "original", "ceiling"), ceiling)
        for label, alike in likenesses(self.study.comparison, self.reference).items():
            self.put((label, "original", "likeness"), alike)
        for label, reference in self.reference.items():
            self._resemblances(label, reference)
            self._complexity((label, "original"), reference)
            self._maps((label, "original"), reference)

    def _resemblances(self, label: str, reference: Prepared) -> None:
        comparison, edges = self.study.comparison, self.reference.get(Control.EDGE_DETECTOR)
        if edges is not None:
            self.put((label, "original", "edge"), to_edges(comparison, reference, edges))
        generator = generator_for("spectrum", self.study.seed, label, *self.batch.index)
        self.put((label, "original", "random_map"), to_noise(comparison, reference, generator))

    def record(self, cell: Cell, stage: int, explained: Explained) -> None:
        """Write down the maps of the model of ``cell`` at ``stage``, beside the trained one's."""
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
