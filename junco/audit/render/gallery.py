"""Pictures in rows and columns under names: images and maps side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from junco.audit.render.colour import Map, Pixels
from junco.audit.render.maps import coloured, png
from junco.audit.render.overlay import check_photo
from junco.audit.render.text import fitted, font
from junco.contract.catalogue import View

# Pixels, for display at half size, as in a strip.
_CELL, _GAP, _MARGIN, _HEAD, _LABELS = 224, 10, 40, 40, 220
_CLIP = 99.0
_INK, _LINE = (24, 24, 24), (214, 214, 214)


@dataclass(frozen=True)
class GalleryRow:
    """A row's name, and its pictures [H, W, 3]."""

    label: str
    pictures: tuple[Pixels, ...]


def gallery_png(columns: Sequence[str], rows: Sequence[GalleryRow]) -> bytes:
    """PNG of ``rows`` under the names of ``columns``.

    Raises ``ValueError`` if there is nothing to show, if a row has not one picture a column, or if a picture is not
    uint8 [H, W, 3].
    """
    _check(columns, rows)
    width = 2 * _MARGIN + _LABELS + len(columns) * (_CELL + _GAP) - _GAP
    sheet = Image.new("RGB", (width, 2 * _MARGIN + _HEAD + len(rows) * (_CELL + _GAP) - _GAP), "white")
    draw = ImageDraw.Draw(sheet)
    for place, name in enumerate(columns):
        draw.text((_left(place) + _CELL / 2, _top(0) - 14), name, _INK, font(21, bold=True), anchor="ms")
    for down, row in enumerate(rows):
        for line, text in enumerate(fitted(row.label, font(21, bold=True), _LABELS - 20)):
            draw.text((_MARGIN, _top(down) + _CELL / 2 + 28 * line), text, _INK, font(21, bold=True), anchor="lm")
        for across, picture in enumerate(row.pictures):
            _paste(sheet, draw, _enlarged(Image.fromarray(picture)), (_left(across), _top(down)))
    return png(sheet, {"junco:clip_percentile": f"{_CLIP:g}"})


def as_picture(values: Map) -> Pixels:
    """A map [H, W] of magnitudes in colours [H, W, 3], by a scale of its own."""
    size = values.shape[0], values.shape[1]
    return coloured(values, View.UNSIGNED, clip=_CLIP, size=size, resample=Image.Resampling.NEAREST)


def _check(columns: Sequence[str], rows: Sequence[GalleryRow]) -> None:
    if not columns or not rows:
        raise ValueError(f"a gallery needs a column and a row; found {len(columns)} and {len(rows)}")
    for row in rows:
        if len(row.pictures) != len(columns):
            raise ValueError(f"row {row.label!r} must have {len(columns)} pictures; found {len(row.pictures)}")
        for picture in row.pictures:
            check_photo(picture)


def _enlarged(picture: Image.Image) -> Image.Image:
    """``picture`` with its longer side as long as a cell; a small one's pixels stay squares."""
    times = _CELL / max(picture.size)
    sides = [max(1, round(side * times)) for side in picture.size]
    return picture.resize(sides, Image.Resampling.NEAREST if times > 2 else Image.Resampling.LANCZOS)


def _paste(sheet: Image.Image, draw: ImageDraw.ImageDraw, picture: Image.Image, place: tuple[int, int]) -> None:
    left, top = place[0] + (_CELL - picture.width) // 2, place[1] + (_CELL - picture.height) // 2
    sheet.paste(picture, (left, top))
    draw.rectangle((left, top, left + picture.width - 1, top + picture.height - 1), outline=_LINE)


def _left(column: int) -> int:
    return _MARGIN + _LABELS + column * (_CELL + _GAP)


def _top(row: int) -> int:
    return _MARGIN + _HEAD + row * (_CELL + _GAP)
