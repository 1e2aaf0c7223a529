"""Two photos in one picture, and maps that are where they should be or exchanged."""

import torch

from junco.audit.checks.composites import composites, contrast, partners
from tests.audit.explain.models import images


def test_partners_are_the_next_of_another_class() -> None:
    """Cyclically; an image among its own kind has none but itself."""
    assert partners(torch.tensor([0, 0, 1, 2])).tolist() == [2, 2, 3, 0]
    assert partners(torch.tensor([3, 3])).tolist() == [0, 1]


def test_a_composite_holds_each_photo_in_its_half() -> None:
    """Constant photos stay what they are, to the middle column; targets are the left one's."""
    batch = images(2, (3, 6, 7))
    batch.x[0], batch.x[1] = 0.25, 0.75
    both = composites(batch, torch.tensor([1, 0]))
    assert both.x.shape == batch.x.shape
    torch.testing.assert_close(both.x[0, :, :, :3], torch.full((3, 6, 3), 0.25, dtype=torch.float64))
    torch.testing.assert_close(both.x[0, :, :, 3:], torch.full((3, 6, 4), 0.75, dtype=torch.float64))
    assert both.targets is batch.targets


def test_contrast_is_one_where_maps_are_in_place_and_minus_one_where_exchanged() -> None:
    """Half of that where each map has three quarters on its own photo; undefined without a map."""
    left, right = torch.zeros(3, 4, 6), torch.zeros(3, 4, 6)
    left[:2, :, :3] = 1
    right[:2, :, 3:] = 1
    left[1, :, 3:], right[1, :, :3] = 1 / 3, 1 / 3
    found = contrast(left, right)
    assert found[:2].tolist() == [1.0, 0.5]
    assert bool(found[2].isnan())
    assert contrast(right, left)[:2].tolist() == [-1.0, -0.5]
