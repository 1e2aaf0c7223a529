"""Map pictures: what the colours say, and that nothing a model can produce breaks them."""

import numpy as np
import pytest
from PIL import Image

from junco.audit.render import map_png
from junco.contract.catalogue import View

_RAMP = np.linspace(-2, 2, 101).reshape(1, -1).repeat(10, axis=0)


def test_signed_colours_are_blue_below_zero_white_at_zero_and_red_above(opened) -> None:
    """Opposite values get opposite hues of like strength."""
    pixels, _ = opened(map_png(_RAMP, View.SIGNED))
    left, middle, right = pixels[0, 0], pixels[0, 50], pixels[0, -1]
    assert left[2] > left[0] + 50
    assert right[0] > right[2] + 50
    assert middle.min() > 240


def test_signed_colours_are_symmetric_about_zero_even_if_the_map_is_not(opened) -> None:
    """A map with few negative values keeps white at zero: the strongest negative one is pale."""
    pixels, text = opened(map_png(np.where(_RAMP < 0, _RAMP / 10, _RAMP), View.SIGNED, clip=100))
    assert pixels[0, 50].min() > 240
    assert pixels[0, 0].min() > 180
    assert float(text["junco:low"]) == -float(text["junco:high"]) == -2


def test_unsigned_colours_rise_in_brightness(opened) -> None:
    """The sequential colours are ordered by luminance, so that print and colour-blind eyes keep the order."""
    pixels, _ = opened(map_png(_RAMP, View.UNSIGNED, clip=100))
    luminance = pixels[0] @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(luminance) >= 0).all()
    assert luminance[-1] > luminance[0] + 200


def test_the_clip_percentile_is_numpys_and_is_written_into_the_picture(opened) -> None:
    """The PNG says which values its colours end at."""
    values = np.random.default_rng(0).standard_t(2, (50, 50))
    _, text = opened(map_png(values, View.SIGNED, clip=97.5))
    assert text["junco:view"] == "signed"
    assert text["junco:clip_percentile"] == "97.5"
    assert float(text["junco:high"]) == pytest.approx(np.percentile(np.abs(values), 97.5), rel=1e-12)


def test_one_lit_pixel_is_shown(opened) -> None:
    """A map sparser than the percentile is cut at its largest value instead of vanishing."""
    values = np.zeros((50, 50))
    values[3, 4] = 7
    for view in View:
        pixels, text = opened(map_png(values, view))
        assert float(text["junco:high"]) == 7
        assert (pixels[3, 4] != pixels[0, 0]).any()


@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0, 3.0], ids=str)
@pytest.mark.parametrize("view", list(View))
def test_a_map_that_cannot_be_shown_is_hatched_grey(bad: float, view: View, opened) -> None:
    """Constant and non-finite maps are told from maps of zeros by their hatch."""
    pixels, text = opened(map_png(np.full((32, 48), bad), view, size=(64, 96)))
    assert pixels.shape == (64, 96, 3)
    assert len(np.unique(pixels)) == 2
    assert (pixels[..., 0] == pixels[..., 2]).all()
    assert "junco:high" not in text


def test_one_nan_hatches_the_whole_map(opened) -> None:
    """A partly broken map is not half shown."""
    values = _RAMP.copy()
    values[0, 0] = np.nan
    assert len(np.unique(opened(map_png(values, View.SIGNED))[0])) == 2


def test_coarse_maps_are_enlarged_smoothly_or_in_squares(opened) -> None:
    """Bilinear enlargement brings colours between the native ones; nearest does not."""
    values = np.array([[0.0, 1.0], [2.0, 3.0]])
    smooth, _ = opened(map_png(values, View.UNSIGNED, size=(32, 64)))
    squares, _ = opened(map_png(values, View.UNSIGNED, size=(32, 64), resample=Image.Resampling.NEAREST))
    assert smooth.shape == squares.shape == (32, 64, 3)
    assert len(np.unique(squares.reshape(-1, 3), axis=0)) == 4
    assert len(np.unique(smooth.reshape(-1, 3), axis=0)) > 20


def test_extreme_values_neither_overflow_nor_vanish(opened) -> None:
    """Maps near the ends of float32 look like the same maps at a usual scale, to one of the 256 colours."""
    usual, _ = opened(map_png(_RAMP, View.SIGNED))
    for factor in (1e38, 1e-38):
        extreme, _ = opened(map_png((_RAMP * factor).astype(np.float32), View.SIGNED))
        assert np.abs(extreme - usual).max() <= 6


def test_the_same_map_gives_the_same_bytes() -> None:
    """Pictures can be addressed by their digest."""
    assert map_png(_RAMP, View.SIGNED) == map_png(_RAMP.copy(), View.SIGNED)


def test_what_is_not_one_map_is_refused() -> None:
    """Channels must be reduced first, and percentiles lie within their range."""
    with pytest.raises(ValueError, match="one map"):
        map_png(np.zeros((3, 8, 8)), View.SIGNED)
    with pytest.raises(ValueError, match="percentile"):
        map_png(_RAMP, View.SIGNED, clip=0)
