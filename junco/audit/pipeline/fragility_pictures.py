"""Pictures of fragility: per method the map before, and after each attack."""

from collections.abc import Iterator

from junco.audit.pipeline.drawing import Artifact, Sketch, draws, first
from junco.audit.render import StripRow
from junco.contract.catalogue import CheckName, View
from junco.contract.plan import ShardKind

_HEADS = ("map", "largest values attacked", "centre of mass attacked", "drawn to a quarter")
_CAPTION = "Magnitudes of the maps of one photo before and after changes of a few grey levels that leave its class."


@draws(CheckName.FRAGILITY)
def pictures(sketch: Sketch) -> Iterator[Artifact]:
    """One strip of all methods that were attacked."""
    pieces = sketch.pieces(ShardKind.FRAGILITY)
    arrays = pieces[0][1].arrays if pieces else {}
    rows = [
        StripRow(label=method.label, view=View.UNSIGNED, maps=tuple(first(arrays[method.label, "maps"])))
        for method in sketch.plan.methods_of(CheckName.FRAGILITY)
        if (method.label, "maps") in arrays
    ]
    yield from sketch.strip(CheckName.FRAGILITY, _HEADS, rows, _CAPTION)
