"""One map as a PNG."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from junco.audit.render.colour import Map, Pixels, Scale, hatched, painted, scale_of
from junco.contract.catalogue import View

Size = tuple[int, int]
"""Height and width in pixels."""


def map_png(
    values: Map,
    view: View,
    *,
    clip: float = 99.0,
    size: Size | None = None,
    resample: Image.Resampling = Image.Resampling.BILINEAR,
) -> bytes:
    """PNG of a map [H, W], enlarged or reduced to ``size`` (height, width) where given.

    A map that is constant or not finite becomes a hatched grey picture. The PNG's text says what the colours mean:
    ``junco:view``, ``junco:clip_percentile``, ``junco:low`` and ``junco:high`` (absent for a hatched picture).
    Raises ``ValueError`` as ``scale_of`` does.
    """
    scale = scale_of(values, view, clip=clip)
    pixels = coloured(values, view, clip=clip, size=size or _at_least_one(values.shape), resample=resample)
    return png(Image.fromarray(pixels), _legend(view, clip, scale))


def coloured(values: Map, view: View, *, clip: float, size: Size, resample: Image.Resampling) -> Pixels:
    """Colours [height, width, 3] of a map at ``size``; numbers are resized, not colours."""
    scale = scale_of(values, view, clip=clip)
    return hatched(*size) if scale is None else painted(resized(scale(values), size, resample), view)


def resized(values: NDArray[np.float64], size: Size, resample: Image.Resampling) -> NDArray[np.float32]:
    """Numbers [H, W] at ``size``; averaged where that is smaller."""
    plane = Image.fromarray(values.astype(np.float32))
    return np.asarray(plane.resize(size[::-1], resample) if values.shape != size else plane)


def png(image: Image.Image, text: dict[str, str]) -> bytes:
    """PNG bytes with ``text`` in its metadata, and nothing that varies from run to run."""
    info = PngInfo()
    for key, value in text.items():
        info.add_text(key, value)
    out = BytesIO()
    image.save(out, format="PNG", pnginfo=info)
    return out.getvalue()


def _legend(view: View, clip: float, scale: Scale | None) -> dict[str, str]:
    legend = {"junco:view": view.value, "junco:clip_percentile": f"{clip:g}"}
    return legend if scale is None else legend | {"junco:low": repr(scale.low), "junco:high": repr(scale.high)}


def _at_least_one(shape: tuple[int, ...]) -> Size:
    return max(1, shape[0]), max(1, shape[1])
