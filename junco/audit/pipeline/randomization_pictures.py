"""Pictures of parameter_randomization: the trained model's maps, and one photo's along the cascade."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from junco.audit.partial import Key, Partial
from junco.audit.pipeline.curves import layers
from junco.audit.pipeline.drawing import Artifact, Pixels, Sketch, draws, first, slug
from junco.audit.render import StripRow, map_png, overlay_png, strip_png
from junco.contract.catalogue import CheckName
from junco.contract.plan import PlannedMethod, Shard, ShardKind

CHECK = CheckName.PARAMETER_RANDOMIZATION


@draws(CHECK)
def pictures(sketch: Sketch) -> Iterator[Artifact]:
    """Each method's maps, and a strip of all methods."""
    pieces = sketch.pieces(ShardKind.CURVE)
    for _, partial in pieces:
        yield from _maps(sketch, partial)
    for shard, partial in pieces:
        yield from _strip(sketch, shard, partial)


def _maps(sketch: Sketch, partial: Partial) -> Iterator[Artifact]:
    for method in sketch.plan.methods_of(CHECK):
        maps = partial.arrays.get((method.label, "original", "maps"), ())
        for i, values in enumerate(maps):
            yield from _views(f"maps/{slug(method.label)}/{i}", values, method, sketch.shown[i])


def _views(name: str, values: NDArray[Any], method: PlannedMethod, photo: Pixels) -> Iterator[Artifact]:
    view, values = method.card.view, np.asarray(values, dtype=np.float64)
    size = (photo.shape[1], photo.shape[0])
    yield Artifact(f"{name}.png", map_png(values, view, size=size))
    yield Artifact(f"{name}.overlay.png", overlay_png(photo, values, view))


def _strip(sketch: Sketch, shard: Shard, partial: Partial) -> Iterator[Artifact]:
    """The picture of the 2018 paper: methods down, cascade stages across."""
    rows = []
    for method in sketch.drawn(CHECK):
        maps = tuple(_first(partial, (method.label, *place, "maps")) for place in _places(shard))
        rows.append(StripRow(label=method.label, view=method.card.view, maps=maps))
    if rows:
        yield Artifact("strip.png", strip_png(sketch.shown[0], layers(sketch.plan, shard.stages), rows))


def _places(shard: Shard) -> list[Key]:
    """Where the maps of the first cell's cascade are found, the trained model's first."""
    cell = shard.cells[0]
    return [("original",), *((cell.arm.value, str(cell.seed), str(stage)) for stage in shard.stages)]


def _first(partial: Partial, key: Key) -> NDArray[np.float64] | None:
    found = partial.arrays.get(key, ())
    return first(found) if len(found) else None
