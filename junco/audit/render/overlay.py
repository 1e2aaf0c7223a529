"""A map laid over its photo."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from junco.audit.render.colour import Map, Pixels, hatched, painted, scale_of
from junco.audit.render.maps import png, resized
from junco.contract.catalogue import View

_OPACITY = 0.85  # of the strongest pixels; the weakest are clear
_CLIP = 99.0


def overlay_png(photo: Pixels, values: Map, view: View) -> bytes:
    """PNG of the map [h, w] over the photo [H, W, 3]: colour says the value, opacity its distance from nothing.

    The photo is greyed, so that every colour is the map's. A map that cannot be shown hatches the photo. Raises
    ``ValueError`` if the photo is not uint8 [H, W, 3], or as ``scale_of`` does.
    """
    check_photo(photo)
    grey = np.repeat(np.asarray(Image.fromarray(photo).convert("L"))[..., None], 3, axis=2)
    colours, strength = _layer(values, view, photo.shape[:2])
    mixed = grey * (1 - strength) + colours * strength
    return png(
        Image.fromarray(np.rint(mixed).astype(np.uint8)),
        {"junco:view": view.value, "junco:clip_percentile": f"{_CLIP:g}"},
    )


def check_photo(photo: Pixels) -> None:
    """Raise ``ValueError`` unless ``photo`` is uint8 [H, W, 3] with pixels."""
    if photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[2] != 3 or photo.size == 0:
        raise ValueError(f"a photo is uint8 [H, W, 3]; found {photo.dtype} {photo.shape}: convert it to RGB first")


def _layer(values: Map, view: View, size: tuple[int, int]) -> tuple[Pixels, NDArray[np.float64]]:
    """Colours [H, W, 3] and their opacity [H, W, 1]."""
    scale = scale_of(values, view, clip=_CLIP)
    if scale is None:
        return hatched(*size), np.full((*size, 1), 0.5)
    shares = resized(scale(values), size, Image.Resampling.BILINEAR)
    strength = np.abs(2 * shares - 1) if view is View.SIGNED else shares
    return painted(shares, view), _OPACITY * np.sqrt(strength.astype(np.float64))[..., None]
