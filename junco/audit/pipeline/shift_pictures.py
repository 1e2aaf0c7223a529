"""Pictures of input_shift: per method the map of x beside the map of x + m."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from junco.audit.pipeline.drawing import Artifact, Sketch, draws, folder
from junco.audit.render import StripRow, strip_png
from junco.audit.types import Partial
from junco.contract.catalogue import METHODS, CheckName, Control
from junco.contract.plan import ShardKind

_CAPTION = "The same photo, the same outputs; only the zero of the pixel values has moved."


@draws(CheckName.INPUT_SHIFT)
def pictures(sketch: Sketch) -> Iterator[Artifact]:
    """One strip of all methods."""
    rows = [
        StripRow(label=method.label, view=METHODS[method.method].view, maps=_pair(partial, method.label))
        for _, partial in sketch.pieces(ShardKind.SHIFT)
        for method in sketch.plan.methods_of(CheckName.INPUT_SHIFT)
        if (method.label, "maps") in partial.arrays and not isinstance(method.method, Control)
    ]
    if rows:
        strip = strip_png(sketch.shown[0], ("input", "shifted input"), rows)
        yield Artifact(f"{folder(CheckName.INPUT_SHIFT)}/strip.png", strip, _CAPTION)


def _pair(partial: Partial, label: str) -> tuple[NDArray[np.float64], ...]:
    first = np.asarray(partial.arrays[label, "maps"][0], dtype=np.float64)
    return first[0], first[1]
