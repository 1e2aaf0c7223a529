"""Curves: deterministic, without global state, and drawn whatever the numbers and names are."""

import math
from itertools import pairwise

import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from junco.audit.render import CurveData, curves_png, curves_svg
from junco.audit.render.curves import spread

_STAGES = ("original", "fc", "conv1")


def _curve(label: str = "Gradient", mean: tuple[float, ...] = (1.0, 0.4, 0.1), width: float = 0.05) -> CurveData:
    return CurveData(label, _STAGES, mean, tuple(m - width for m in mean), tuple(m + width for m in mean))


def _shades(pixels: np.ndarray, colour: tuple[int, int, int]) -> int:
    return int((np.abs(pixels - np.array(colour)).max(axis=2) <= 8).sum())


def test_each_curve_has_its_colour_and_its_band(opened) -> None:
    """The first line is blue, the second vermilion, and a wider interval covers more."""
    one, _ = opened(curves_png([_curve()], title="t", y_label="y"))
    two, _ = opened(curves_png([_curve(), _curve("Grad-CAM", (1, 0.9, 0.8))], title="t", y_label="y"))
    wide, _ = opened(curves_png([_curve(width=0.3)], title="t", y_label="y"))
    blue, vermilion = (0, 114, 178), (213, 94, 0)
    assert _shades(one, blue) > 1000
    assert _shades(one, vermilion) == 0
    assert _shades(two, vermilion) > 1000
    band = tuple(round(255 + 0.16 * (c - 255)) for c in blue)
    assert _shades(wide, band) > 3 * _shades(one, band)


def test_thresholds_are_marked_with_their_value() -> None:
    """A threshold adds a line and its name; without any there is none."""
    bare = curves_svg([_curve()], title="t", y_label="y")
    marked = curves_svg([_curve()], title="t", y_label="y", thresholds=(0.25, 0.5))
    assert bare.count(b"stroke-dasharray") == 0
    assert marked.count(b"stroke-dasharray") == 2
    assert b"0.25" in marked
    assert b"0.50" in marked


def test_pictures_are_the_same_bytes_each_time_and_leave_no_trace() -> None:
    """No date, no random ids, no figure kept, no setting changed."""
    before = dict(matplotlib.rcParams)
    for draw in (curves_png, curves_svg):
        first = draw([_curve()], title="t", y_label="y", thresholds=(0.5,))
        assert first == draw([_curve()], title="t", y_label="y", thresholds=(0.5,))
        assert b"date" not in first.lower()
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("mean", [(1.0, math.nan, 0.2), (math.nan,) * 3, (math.inf, 1.0, -math.inf)])
def test_numbers_that_are_not_there_break_the_line_and_nothing_else(mean: tuple[float, ...]) -> None:
    """A stage without a figure is a gap; a curve without any is named as undefined."""
    picture = curves_svg([_curve(), _curve("Grad-CAM", mean)], title="t", y_label="y")
    assert (b"(undefined)" in picture) == all(math.isnan(value) for value in mean)


@pytest.mark.filterwarnings("ignore:Glyph")  # a letter that the typeface lacks is a box
@pytest.mark.parametrize("name", ["$\\frac{", "a$b$c", "two\nlines", "\x00", "名前", "x" * 5000, ""])
def test_any_name_is_drawn_letter_by_letter(name: str) -> None:
    """A name is no formula: neither half a formula nor a control character stops the drawing."""
    curve = CurveData(name, (name, name), (1.0, 0.5), (0.9, 0.4), (1.0, 0.6))
    assert curves_png([curve], title=name, y_label=name).startswith(b"\x89PNG")


def test_curves_that_do_not_belong_together_are_refused() -> None:
    """One figure has one row of stages, and every stage a mean and an interval."""
    other = CurveData("Grad-CAM", ("original", "fc", "conv2"), (1, 1, 1), (1, 1, 1), (1, 1, 1))
    with pytest.raises(ValueError, match="share their stages"):
        curves_png([_curve(), other], title="t", y_label="y")
    with pytest.raises(ValueError, match="found lengths"):
        CurveData("Gradient", _STAGES, (1.0,), (1.0,), (1.0,))
    with pytest.raises(ValueError, match="no curve"):
        curves_png([], title="t", y_label="y")


@given(st.lists(st.floats(0, 1), max_size=12))
def test_names_at_line_ends_do_not_touch_and_keep_their_order(places: list[float]) -> None:
    """Names keep the order of their lines, stay within the axis and leave a gap; far apart, they do not move."""
    gap = 0.05
    moved = spread(places, gap)
    by_place = sorted(range(len(places)), key=lambda i: places[i])
    for before, after in pairwise(by_place):
        assert moved[after] - moved[before] >= gap - 1e-9
    assert all(-1e-9 <= place <= 1 + 1e-9 for place in moved)
    if all(places[after] - places[before] >= gap for before, after in pairwise(by_place)):
        assert moved == pytest.approx(places, abs=1e-9)


def test_names_that_crowd_move_apart_about_their_mean() -> None:
    """Three lines that end together are named above, at and below their end."""
    assert spread([0.5, 0.5, 0.5, 0.9], 0.1) == pytest.approx([0.4, 0.5, 0.6, 0.9])
