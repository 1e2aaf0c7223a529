"""The strip: every map in its place, whatever the names and the maps are."""

import numpy as np
import pytest

from junco.audit.render import StripRow, strip_png
from junco.audit.render.strip import _CELL, _GAP, _HEAD, _MARGIN
from junco.audit.render.text import fitted, font
from junco.contract.catalogue import View

_COLUMNS = ("original", "fc", "conv1")


def _maps(*shape: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(0)
    return tuple(rng.standard_normal(shape) for _ in _COLUMNS)


def _cell(pixels: np.ndarray, row: int, from_right: int) -> np.ndarray:
    """The map in a strip of a square photo."""
    right = pixels.shape[1] - _MARGIN - from_right * (_CELL + _GAP)
    top = _MARGIN + _HEAD + row * (_CELL + _GAP)
    return pixels[top : top + _CELL, right - _CELL : right]


def test_maps_lie_in_rows_and_columns_under_their_view(photo, opened) -> None:
    """Signed rows are drawn in two hues; the map of the last column stands at the right edge."""
    white, bright = np.ones((7, 7)), np.ones((7, 7))
    white[0, 0], bright[0, 0] = -1, 0
    rows = [StripRow("Gradient", View.SIGNED, (white,) * 3), StripRow("Grad-CAM", View.UNSIGNED, (bright,) * 3)]
    pixels, text = opened(strip_png(np.zeros((30, 30, 3), np.uint8), _COLUMNS, rows))
    for column in range(2):
        red, blue = _cell(pixels, 0, column)[-20, -20], _cell(pixels, 0, column)[4, 4]
        assert red[0] > red[2] + 50
        assert blue[2] > blue[0] + 50
        assert _cell(pixels, 1, column)[4, 4].max() < 60
        assert _cell(pixels, 1, column)[-20, -20].min() > 150
    assert text["junco:clip_percentile"] == "99"


def test_a_broken_map_is_hatched_and_a_missing_one_is_an_empty_frame(photo, opened) -> None:
    """Constant, not finite and absent are told apart from a map."""
    square = np.zeros((50, 50, 3), np.uint8)
    original = _maps(50, 50)[0]
    row = StripRow("Grad-CAM", View.UNSIGNED, (original, None, np.full((7, 7), np.nan)))
    pixels, _ = opened(strip_png(square, _COLUMNS, [row]))
    assert len(np.unique(_cell(pixels, 0, 0)[5:-5, 5:-5])) == 2
    assert (_cell(pixels, 0, 1)[5:90, 5:-5] == 255).all()


def test_small_images_keep_square_pixels_and_their_proportions(opened) -> None:
    """A digit's pixels are enlarged as squares, in the photo and in maps of its own resolution."""
    digit = np.zeros((28, 28, 3), np.uint8)
    digit[::2] = 255
    checker = np.indices((28, 28)).sum(axis=0) % 2 * 2.0 - 1
    pixels, _ = opened(strip_png(digit, _COLUMNS, [StripRow("Gradient", View.SIGNED, (checker,) * 3)]))
    inside = _cell(pixels, 0, 0)[8:-8, 8:-8].reshape(-1, 3)
    assert len(np.unique(inside, axis=0)) == 2


def test_the_picture_grows_with_rows_and_columns_alone(photo, opened) -> None:
    """Names of any length leave the layout as it is."""
    names = ("original", "features.denseblock4.denselayer16.conv2" * 3, "a" * 5000)
    long = StripRow("An explanation method with a very long name indeed, " * 9, View.SIGNED, _maps(9, 9))
    short = StripRow("Gradient", View.SIGNED, _maps(9, 9))
    one = opened(strip_png(photo, _COLUMNS, [short]))[0].shape
    assert opened(strip_png(photo, names, [short]))[0].shape == one
    two = opened(strip_png(photo, names, [long, short]))[0].shape
    assert two[0] == one[0] + round(_CELL * 40 / 60) + _GAP
    assert 0 < two[1] - one[1] < 200


@pytest.mark.parametrize("name", ["", "two\nlines", "\x00\x07", "\ud800", "名前", "$x^2$"])
def test_any_name_can_be_drawn(name: str, photo) -> None:
    """Names of layers come from a stranger's file: none of them stops the drawing or leaves one line."""
    row = StripRow(name, View.SIGNED, _maps(9, 9))
    assert strip_png(photo, ("original", name, name), [row]).startswith(b"\x89PNG")


def test_names_break_at_separators_and_lose_their_middle_last() -> None:
    """A name too long for two lines keeps its beginning and its end."""
    face = font(20)
    assert fitted("layer4.1.conv2", face, 300) == ("layer4.1.conv2",)
    assert fitted("layer4.1.conv2", face, 100) == ("layer4.1.", "conv2")
    first, second = fitted("features.denseblock4denselayer16.conv2", face, 180)
    assert first == "features."
    assert "…" in second
    assert second.endswith("conv2")
    assert face.getlength(second) <= 180


def test_the_same_strip_gives_the_same_bytes(photo) -> None:
    """Pictures can be addressed by their digest."""
    rows = [StripRow("Gradient", View.SIGNED, _maps(40, 60))]
    assert strip_png(photo, _COLUMNS, rows) == strip_png(photo.copy(), list(_COLUMNS), tuple(rows))


def test_rows_that_do_not_fit_the_columns_are_refused(photo) -> None:
    """Each row says None for a map that it lacks."""
    with pytest.raises(ValueError, match="'Gradient' must have a map or None for 2 columns; found 3"):
        strip_png(photo, _COLUMNS[:2], [StripRow("Gradient", View.SIGNED, _maps(9, 9))])
    with pytest.raises(ValueError, match="a column and a row"):
        strip_png(photo, _COLUMNS, [])
