"""Overlays: the photo shows where the map is silent, the map's colour where it speaks."""

import numpy as np
import pytest
from PIL import Image

from junco.audit.render import overlay_png
from junco.contract.catalogue import View


@pytest.mark.parametrize("view", list(View))
def test_the_photo_shows_where_the_map_is_zero_and_colour_where_it_is_not(view: View, photo, opened) -> None:
    """Zero leaves the grey photo as it is; a strong value paints over it."""
    values = np.zeros((40, 60))
    values[:, 40:] = 5
    pixels, _ = opened(overlay_png(photo, values, view))
    grey = np.asarray(Image.fromarray(photo).convert("L")).astype(int)
    assert np.abs(pixels[:, :38] - grey[:, :38, None]).max() <= 4  # half a step of 255 of the scale, square-rooted
    assert (np.ptp(pixels[:, 42:], axis=2) > 40).all()


def test_a_coarse_map_covers_the_photo(photo, opened) -> None:
    """A 2 x 2 map is enlarged to the photo."""
    pixels, _ = opened(overlay_png(photo, np.array([[0.0, 0.0], [0.0, 1.0]]), View.UNSIGNED))
    assert pixels.shape == photo.shape
    assert np.ptp(pixels[-5:, -5:], axis=2).min() > 40


def test_a_map_that_cannot_be_shown_hatches_the_photo(photo, opened) -> None:
    """A broken map leaves a grey picture, and raises nothing."""
    pixels, _ = opened(overlay_png(photo, np.full((40, 60), np.nan), View.SIGNED))
    assert np.ptp(pixels, axis=2).max() == 0


@pytest.mark.parametrize("bad", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)])
def test_what_is_not_a_photo_is_refused(bad: np.ndarray) -> None:
    """Grey, float and empty photos are named in the error."""
    with pytest.raises(ValueError, match="photo is uint8"):
        overlay_png(bad, np.eye(4), View.SIGNED)
