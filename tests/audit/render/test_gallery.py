"""Galleries: every picture in its place, enlarged, under the names of its row and column."""

import numpy as np
import pytest

from junco.audit.render import GalleryRow, as_picture, gallery_png
from junco.audit.render.gallery import _CELL, _GAP, _HEAD, _LABELS, _MARGIN


def _plain(*colour: int) -> np.ndarray:
    return np.tile(np.array(colour, np.uint8), (7, 7, 1))


def test_pictures_lie_in_rows_and_columns(opened) -> None:
    """Two rows of two plain colours, looked at in the middle of their cells."""
    red, green, blue, grey = _plain(200, 0, 0), _plain(0, 200, 0), _plain(0, 0, 200), _plain(99, 99, 99)
    rows = [GalleryRow("image", (red, green)), GalleryRow("map", (blue, grey))]
    pixels, _ = opened(gallery_png(("before", "after"), rows))
    for down, row in enumerate(rows):
        for across, picture in enumerate(row.pictures):
            top = _MARGIN + _HEAD + down * (_CELL + _GAP) + _CELL // 2
            left = _MARGIN + _LABELS + across * (_CELL + _GAP) + _CELL // 2
            assert pixels[top, left].tolist() == picture[0, 0].tolist()


def test_the_same_pictures_give_the_same_bytes() -> None:
    """Artifacts are compared by their bytes."""
    rows = [GalleryRow("image", (_plain(1, 2, 3),))]
    assert gallery_png(("one",), rows) == gallery_png(("one",), rows)
    assert gallery_png(("one",), rows) != gallery_png(("two",), rows)


def test_a_maps_largest_value_is_its_brightest() -> None:
    """Magnitudes from dark to bright at the map's own size; a constant map is hatched, not black."""
    values = np.zeros((8, 9))
    values[2, 3:6] = 1.0
    picture = as_picture(values)
    assert picture.shape == (8, 9, 3)
    assert picture[2, 4].sum() > 500 > 60 > picture[0, 0].sum()
    assert as_picture(np.ones((8, 9)))[0, 0].sum() > 60


@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        ((), ()),
        (("one",), ()),
        (("one", "two"), (GalleryRow("image", (_plain(1, 2, 3),)),)),
        (("one",), (GalleryRow("image", (np.zeros((3, 3)),)),)),
    ],
)
def test_what_cannot_be_shown_is_refused(columns, rows) -> None:
    """Nothing, a missing picture, or what is no picture."""
    with pytest.raises(ValueError, match=r"needs|must have|uint8"):
        gallery_png(columns, rows)
