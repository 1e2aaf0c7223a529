"""Pictures of maps and curves as PNG or SVG: the same arrays always give the same bytes."""

from junco.audit.render.curves import CurveData, curves_png, curves_svg
from junco.audit.render.gallery import GalleryRow, as_picture, gallery_png
from junco.audit.render.maps import map_png
from junco.audit.render.overlay import overlay_png
from junco.audit.render.photo import photo_png
from junco.audit.render.strip import StripRow, strip_png

__all__ = [
    "CurveData",
    "GalleryRow",
    "StripRow",
    "as_picture",
    "curves_png",
    "curves_svg",
    "gallery_png",
    "map_png",
    "overlay_png",
    "photo_png",
    "strip_png",
]
