"""Pictures of repeatability: per method the same map twice, the second with another seed."""

from collections.abc import Iterator

from junco.audit.pipeline.drawing import Artifact, Sketch, draws, first
from junco.audit.render import StripRow
from junco.contract.catalogue import CheckName, Control
from junco.contract.plan import ShardKind

_CAPTION = "The same photo explained twice, the second time with another seed."


@draws(CheckName.REPEATABILITY)
def pictures(sketch: Sketch) -> Iterator[Artifact]:
    """One strip of all methods."""
    arrays = sketch.pieces(ShardKind.REPEATS)[0][1].arrays
    rows = [
        StripRow(label=m.label, view=m.card.view, maps=tuple(first(arrays[m.label, "maps"])))
        for m in sketch.plan.methods_of(CheckName.REPEATABILITY)
        if (m.label, "maps") in arrays and m.method is not Control.CONSTANT
    ]
    yield from sketch.strip(CheckName.REPEATABILITY, ("asked once", "asked again"), rows, _CAPTION)
