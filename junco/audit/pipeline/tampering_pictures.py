"""Pictures of model_manipulation: each map beside the witness's, alone and on two photos side by side."""

from collections.abc import Iterator

from junco.audit.checks.model_manipulation import WITNESS
from junco.audit.partial import Key
from junco.audit.pipeline.drawing import Artifact, Sketch, draws, first
from junco.audit.render import StripRow
from junco.contract.catalogue import CheckName, View
from junco.contract.plan import ShardKind

_HEADS = ("map", "beside another photo", "the other photo's class")
_CAPTION = (
    "Maps of one photo; the same photo squeezed to the left half beside another one, for its own class and for the "
    "other's. The first row is the witness, which asks the answers alone: the rest should mark what it marks."
)


@draws(CheckName.MODEL_MANIPULATION)
def pictures(sketch: Sketch) -> Iterator[Artifact]:
    """One strip of the witness and all methods."""
    _, partial = sketch.pieces(ShardKind.TAMPERING)[0]
    rows = []
    shown = [(m.label, m.card.view) for m in sketch.drawn(CheckName.MODEL_MANIPULATION)]
    for label, view in [(WITNESS, View.SIGNED), *shown]:
        keys: list[Key] = [(label, name) for name in ("maps", "left", "right")]
        if keys[0] in partial.arrays:
            rows.append(StripRow(label=label, view=view, maps=tuple(first(partial.arrays[key]) for key in keys)))
    yield from sketch.strip(CheckName.MODEL_MANIPULATION, _HEADS, rows, _CAPTION)
