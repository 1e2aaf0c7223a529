"""Pictures of input_shift: per method the map of x beside that of x + m; and what was drawn into Input x Gradient."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from junco.audit.partial import Partial
from junco.audit.pipeline.drawing import Artifact, Pixels, Sketch, draws, first, folder
from junco.audit.pipeline.shift import kind_of
from junco.audit.render import GalleryRow, StripRow, as_picture, gallery_png, strip_png
from junco.contract.catalogue import CheckName, Control
from junco.contract.plan import Plan, ShardKind

_CAPTION = "The same photo, the same outputs; only the zero of the pixel values has moved."
_BY_PLACE = "The same photo, the same outputs; the zero of the pixel values has moved, by places ({kind})."
_DRAWN = (
    "A shift chosen so that Input x Gradient of this photo shows a bird. The model's outputs do not change; the photo "
    "has no bird. Magnitudes, each map by its own scale."
)
_HEADS = ("photo", "added to it", "wanted", "before", "after")


@draws(CheckName.INPUT_SHIFT)
def pictures(sketch: Sketch) -> Iterator[Artifact]:
    """A strip of all methods for each shift, and the drawn picture where one was asked for."""
    where = folder(CheckName.INPUT_SHIFT)
    for place, (shard, partial) in enumerate(sketch.pieces(ShardKind.SHIFT)):
        kind = kind_of(sketch.plan, shard)
        rows = _rows(sketch.plan, partial)
        if rows:
            strip = strip_png(sketch.shown[0], ("input", "shifted input"), rows)
            by_place = kind in ("checkerboard", "image")
            caption = _BY_PLACE.format(kind=kind) if by_place else _CAPTION
            yield Artifact(f"{where}/strip{f'-{kind}' if place else ''}.png", strip, caption)
        if ("picture", "after") in partial.arrays:
            yield Artifact(f"{where}/drawn.png", _drawn(partial, sketch.shown[0]), _DRAWN)


def _rows(plan: Plan, partial: Partial) -> list[StripRow]:
    return [
        StripRow(label=method.label, view=method.card.view, maps=tuple(first(partial.arrays[method.label, "maps"])))
        for method in plan.methods_of(CheckName.INPUT_SHIFT)
        if (method.label, "maps") in partial.arrays and not isinstance(method.method, Control)
    ]


def _drawn(partial: Partial, photo: Pixels) -> bytes:
    maps = [np.abs(np.asarray(partial.arrays["picture", name], dtype=np.float64)) for name in _HEADS[2:]]
    added = _grey(np.asarray(partial.arrays["shift", "m"], dtype=np.float64).mean(axis=0))
    return gallery_png(_HEADS, [GalleryRow("Input x Gradient", (photo, added, *map(as_picture, maps)))])


def _grey(values: NDArray[np.float64]) -> Pixels:
    """Values [H, W] as a grey picture, the smallest black and the largest white."""
    low, high = values.min(), values.max()
    grey = np.rint(255 * (values - low) / (high - low or 1.0)).astype(np.uint8)
    return np.ascontiguousarray(np.repeat(grey[..., None], 3, axis=2))
