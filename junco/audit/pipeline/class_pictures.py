"""Pictures of class_sensitivity: per method the map of the predicted class beside those of other classes."""

from collections.abc import Iterator

from junco.audit.partial import Key
from junco.audit.pipeline.convergence_pictures import convergence_picture
from junco.audit.pipeline.drawing import Artifact, Sketch, draws, first
from junco.audit.render import StripRow
from junco.contract.catalogue import CheckName, Rival
from junco.contract.plan import ShardKind

_HEADS = ("predicted class", "second class", "least likely class", "random class")
_CAPTION = "Maps of one photo for its predicted class and for other classes: a method that explains tells them apart."


@draws(CheckName.CLASS_SENSITIVITY)
def pictures(sketch: Sketch) -> Iterator[Artifact]:
    """One strip of all methods, and the convergence of those that go by a rule."""
    _, partial = sketch.pieces(ShardKind.CLASSES)[0]
    rows = []
    for method in sketch.drawn(CheckName.CLASS_SENSITIVITY):
        keys: list[Key] = [(method.label, "original", "maps")]
        keys += [(method.label, rival.value, "0", "maps") for rival in (Rival.SECOND, Rival.LEAST, Rival.RANDOM)]
        if keys[0] in partial.arrays:
            maps = tuple(first(partial.arrays[key]) for key in keys)
            rows.append(StripRow(label=method.label, view=method.card.view, maps=maps))
    yield from sketch.strip(CheckName.CLASS_SENSITIVITY, _HEADS, rows, _CAPTION)
    yield from convergence_picture(sketch)
