"""Partials of a plan, merged: tables over images and seeds, whatever order the shards finished in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from junco.audit.partial import Key, Partial
from junco.audit.verdict import Table
from junco.contract.catalogue import Arm
from junco.contract.plan import Plan, Shard, ShardKind
from junco.contract.sharding import shards as shards_of

Pieces = Sequence[tuple[Shard, Partial]]


@dataclass(frozen=True)
class Merged:
    """The cells of parameter_randomization, by image (plan order) and seed."""

    plan: Plan
    pieces: Pieces

    def original(self, label: str, quantity: str) -> Table:
        """A quantity of the trained model's maps, [images]; NaN where it was not measured."""
        out = np.full(len(self.plan.selected), np.nan)
        for shard, partial in self.pieces:
            if (label, "original", quantity) in partial.arrays:
                out[list(shard.images)] = partial.arrays[label, "original", quantity]
        return out

    def table(self, label: str, arm: Arm, stage: int, *, quantity: str) -> Table:
        """A quantity of the randomised models' maps, [images, seeds]; NaN where it was not measured."""
        out = np.full((len(self.plan.selected), self.plan.profile.seeds), np.nan)
        for shard, partial in self.pieces:
            for cell in shard.cells:
                key = (label, cell.arm.value, str(cell.seed), str(stage), quantity)
                if cell.arm is arm and key in partial.arrays:
                    out[list(shard.images), cell.seed] = partial.arrays[key]
        return out

    def logits(self, *where: str) -> NDArray[np.float64]:
        """Logits [images, classes] of the trained model, or of one randomised one."""
        rows: dict[int, Any] = {}
        for shard, partial in self.pieces:
            found = partial.arrays.get(("logits", *(where or ("original",))))
            if found is not None:
                rows |= dict(zip(shard.images, np.asarray(found, dtype=np.float64), strict=True))
        return np.stack([rows[i] for i in sorted(rows)]) if rows else np.empty((0, 0))

    def facts(self, name: str) -> list[Any]:
        """One fact of every piece that has it."""
        return [partial.facts[name] for _, partial in self.pieces if name in partial.facts]


def column(pieces: Pieces, key: Key) -> Table:
    """One quantity [images, ...] of every image that it was measured of, in the plan's order."""
    return np.concatenate([np.asarray(partial.arrays[key], dtype=np.float64) for _, partial in pieces])


def measured(pieces: Pieces, key: Key) -> Table | None:
    """``column``, or None where it was not measured of every image."""
    return column(pieces, key) if all(key in partial.arrays for _, partial in pieces) else None


def columns(pieces: Pieces, *where: str) -> Mapping[str, Table]:
    """All quantities under ``where``, by name, each of the images that have it."""
    depth = len(where)
    keys = {k: None for _, p in pieces for k in p.arrays if k[:depth] == where and len(k) == depth + 1}
    return {key[-1]: column([piece for piece in pieces if key in piece[1].arrays], key) for key in keys}


def count(pieces: Pieces) -> int:
    """Images of all ``pieces``."""
    return sum(len(shard.images) for shard, _ in pieces)


def of_kind(plan: Plan, partials: Mapping[int, Partial], kind: ShardKind) -> Pieces:
    """The pieces of one kind, in the plan's order."""
    return [(shard, partials[shard.index]) for shard in shards_of(plan) if shard.kind is kind]
