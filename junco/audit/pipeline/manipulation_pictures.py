"""Pictures of input_manipulation: per method images and maps, original, manipulated and the target's."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from junco.audit.pipeline.drawing import Artifact, Pixels, Sketch, draws, first, folder, slug
from junco.audit.render import GalleryRow, as_picture, gallery_png
from junco.contract.catalogue import CheckName
from junco.contract.plan import ShardKind

_COLUMNS = ("original", "manipulated", "target")


@draws(CheckName.INPUT_MANIPULATION)
def pictures(sketch: Sketch) -> Iterator[Artifact]:
    """One gallery for each method that was attacked."""
    check = CheckName.INPUT_MANIPULATION
    pieces = sketch.pieces(ShardKind.MANIPULATION)
    for method in sketch.plan.methods_of(check) if pieces else ():
        arrays = pieces[0][1].arrays
        if (method.label, "maps") in arrays:
            maps, images = first(arrays[method.label, "maps"]), arrays[method.label, "pixels"][0]
            photos = tuple(_photo(pixels, sketch.plan.preprocessing.channels) for pixels in images)
            rows = [GalleryRow("image", photos), GalleryRow("map", tuple(as_picture(one) for one in maps))]
            caption = f"{method.label}: how far the map goes to the target's while the model's answer is held."
            yield Artifact(f"{folder(check)}/{slug(method.label)}.png", gallery_png(_COLUMNS, rows), caption)


def _photo(pixels: NDArray[Any], channels: str) -> Pixels:
    """Pixels [C, H, W] as a photo for people."""
    photo = np.moveaxis(np.asarray(pixels, dtype=np.uint8), 0, -1)
    photo = photo[..., ::-1] if channels == "BGR" else photo
    return np.ascontiguousarray(np.repeat(photo, 3, axis=2) if photo.shape[2] == 1 else photo)
