"""The figure of the 2018 paper: methods down, stages of randomisation across, each map under the name of its stage."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from junco.audit.render.colour import Map, Pixels
from junco.audit.render.maps import coloured, png
from junco.audit.render.overlay import check_photo
from junco.audit.render.text import Font, fitted, font
from junco.contract.catalogue import View

# Pixels, for display at half size: a map is 112 points wide on a screen of twice the density.
_CELL = 224  # the longer side of the photo and of maps
_LOWEST = 100  # height of a row, for its name
_GAP = 10  # between maps
_WIDE = 32  # between the original map and the stages, and around text
_MARGIN = 40
_LABELS = 260  # at most, of the methods' names
_HEAD = 76  # two lines of stage names
_CLIP = 99.0

_INK, _MUTED, _LINE = (24, 24, 24), (104, 104, 104), (214, 214, 214)


@dataclass(frozen=True)
class StripRow:
    """A method's maps, the original first and then stage by stage; None where there is no map."""

    label: str
    view: View
    maps: tuple[Map | None, ...]


def strip_png(photo: Pixels, columns: Sequence[str], rows: Sequence[StripRow]) -> bytes:
    """PNG of the photo [H, W, 3], then for each row its maps under ``columns`` ("original", then the stages).

    Every map has a scale of its own. A map that is constant or not finite is hatched; a map that is not there is an
    empty frame. Raises ``ValueError`` if there is nothing to show, if a row has not one map a column, or if the photo
    is not uint8 [H, W, 3].
    """
    check_photo(photo)
    _check(columns, rows)
    strip = _Strip(photo, len(columns), rows)
    strip.heads(columns)
    for place, row in enumerate(rows):
        strip.row(place, row)
    strip.foot(rows)
    return png(strip.image, {"junco:clip_percentile": f"{_CLIP:g}"})


def _check(columns: Sequence[str], rows: Sequence[StripRow]) -> None:
    if not columns or not rows:
        raise ValueError(f"a strip needs a column and a row; found {len(columns)} and {len(rows)}")
    for row in rows:
        if len(row.maps) != len(columns):
            raise ValueError(
                f"row {row.label!r} must have a map or None for {len(columns)} columns; found {len(row.maps)}"
            )


class _Strip:
    """The picture while it is being drawn."""

    def __init__(self, photo: Pixels, columns: int, rows: Sequence[StripRow]) -> None:
        self.photo = photo
        picture = _thumbnail(photo)
        self.size = picture.height, picture.width
        self.height = max(picture.height, _LOWEST)
        self.labels = max(_label_width(row) for row in rows)
        self.bottom = self._top(len(rows)) - _GAP
        width = self._left(columns - 1) + _CELL + _MARGIN
        self.image = Image.new("RGB", (width, self.bottom + 2 * _WIDE + _MARGIN), "white")
        self.draw = ImageDraw.Draw(self.image)
        self._paste(picture, _MARGIN, self._top(0))

    def heads(self, columns: Sequence[str]) -> None:
        """The names of the columns, standing on the maps."""
        self._stacked(("input",), font(21, bold=True), _MARGIN)
        for place, name in enumerate(columns):
            face = font(21, bold=place == 0)
            self._stacked(fitted(name, face, _CELL), face, self._left(place))

    def row(self, place: int, row: StripRow) -> None:
        """A method's name and view, and its maps."""
        right = self._left(0) - _WIDE
        lines = fitted(row.label, font(25, bold=True), _LABELS)
        middle = self._top(place) + self.height / 2 - 15 * len(lines)
        for line, text in enumerate(lines):
            self.draw.text((right, middle + 30 * line), text, _INK, font(25, bold=True), anchor="rm")
        self.draw.text((right, middle + 30 * len(lines) + 3), row.view.value, _MUTED, font(20), anchor="rm")
        for column, values in enumerate(row.maps):
            self._map(values, row.view, (self._left(column), self._top(place)))

    def foot(self, rows: Sequence[StripRow]) -> None:
        """What the colours mean."""
        parts = [f"Each map by its own scale, cut at the {_CLIP:g}th percentile"]
        views = {row.view for row in rows}
        parts += ["signed: blue below zero, red above"] * (View.SIGNED in views)
        parts += ["unsigned: dark low, bright high"] * (View.UNSIGNED in views)
        text = ".  ".join(part[0].upper() + part[1:] for part in [*parts, "hatched: constant or not finite"])
        self._line(text + ".", (_MARGIN, self.bottom + _WIDE + 8))

    def _line(self, text: str, place: tuple[float, float]) -> None:
        face, room = font(19), self.image.width - 2 * _MARGIN
        for line, part in enumerate(fitted(text, face, room)):
            self.draw.text((place[0], place[1] + 26 * line), part, _MUTED, face, anchor="ls")

    def _map(self, values: Map | None, view: View, place: tuple[int, int]) -> None:
        if values is None:
            self._frame(place, self.size)
            return
        # A small image's pixels stay squares; a map coarser than its image (Grad-CAM) is interpolated.
        crisp = values.shape == self.photo.shape[:2] and self.size[0] >= 2 * values.shape[0]
        resample = Image.Resampling.NEAREST if crisp else Image.Resampling.BILINEAR
        self._paste(Image.fromarray(coloured(values, view, clip=_CLIP, size=self.size, resample=resample)), *place)

    def _paste(self, picture: Image.Image, left: int, top: int) -> None:
        """``picture`` in the middle of its cell, with a hairline, since a map's neutral colour is near white."""
        left, top = left + (_CELL - picture.width) // 2, top + (self.height - picture.height) // 2
        self.image.paste(picture, (left, top))
        self.draw.rectangle((left, top, left + picture.width - 1, top + picture.height - 1), outline=_LINE)

    def _frame(self, place: tuple[int, int], size: tuple[int, int]) -> None:
        left, top = place[0] + (_CELL - size[1]) // 2, place[1] + (self.height - size[0]) // 2
        self.draw.rectangle((left, top, left + size[1] - 1, top + size[0] - 1), outline=_LINE)
        self.draw.text((place[0] + _CELL / 2, place[1] + self.height / 2), "no map", _MUTED, font(20), anchor="mm")

    def _stacked(self, lines: tuple[str, ...], face: Font, left: int) -> None:
        for line, text in enumerate(reversed(lines)):
            place = (left + _CELL / 2, self._top(0) - 14 - 28 * line)
            self.draw.text(place, text, _INK, face, anchor="ms")

    def _top(self, row: int) -> int:
        return _MARGIN + _HEAD + row * (self.height + _GAP)

    def _left(self, column: int) -> int:
        first = _MARGIN + _CELL + _WIDE + self.labels + _WIDE
        return first if column == 0 else first + column * (_CELL + _GAP) + _WIDE


def _thumbnail(photo: Pixels) -> Image.Image:
    """The photo with its longer side as long as a cell; a small photo's pixels stay squares."""
    picture, times = Image.fromarray(photo), _CELL / max(photo.shape[:2])
    sides = [max(1, round(side * times)) for side in picture.size]
    return picture.resize(sides, Image.Resampling.NEAREST if times > 2 else Image.Resampling.LANCZOS)


def _label_width(row: StripRow) -> int:
    name = max(font(25, bold=True).getlength(line) for line in fitted(row.label, font(25, bold=True), _LABELS))
    return math.ceil(max(name, font(20).getlength(row.view.value)))
