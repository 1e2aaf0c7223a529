"""Images cut into segments."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from skimage.segmentation import slic as slic_of_skimage

from junco.audit.batch import Batch
from junco.audit.explain.segments import segments, slic
from junco.contract.catalogue import SegmentParameters
from tests.audit.explain.models import images

GRID = SegmentParameters(segments=9)
SLIC = SegmentParameters(segmentation="slic", segments=12)


def patches() -> Batch:
    """Two images of four coloured quarters, with a little noise."""
    batch = images(2, (3, 16, 16))
    quarters = torch.rand(2, 3, 2, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return replace(batch, x=quarters.repeat_interleave(8, 2).repeat_interleave(8, 3) + 0.01 * batch.x)


@pytest.mark.parametrize("shape", [(3, 12, 12), (1, 13, 17), (2, 3, 3)])
def test_a_grid_has_equal_cells_in_every_image(shape: tuple[int, int, int]) -> None:
    """Nine cells whose rows and columns differ by a pixel at most, the same for all images."""
    cut = segments(images(3, shape), GRID)
    assert torch.equal(cut.labels[0], cut.labels[2])
    assert cut.labels.unique().tolist() == list(range(9))
    rows = [(cut.labels[0] // 3 == r).any(dim=1).sum().item() for r in range(3)]
    columns = [(cut.labels[0] % 3 == c).any(dim=0).sum().item() for c in range(3)]
    assert sum(rows) == shape[1]
    assert sum(columns) == shape[2]
    assert max(rows) - min(rows) <= 1 >= max(columns) - min(columns)


def test_slic_is_that_of_scikit_image() -> None:
    """Within the number asked for, the library's labels are ours; above it, it is asked for fewer."""
    image = images(1, (3, 12, 12)).x[0].float().numpy()
    labels = {n: slic_of_skimage(image.transpose(1, 2, 0), n_segments=n, start_label=0) for n in range(4, 72, 4)}
    within = [n for n, found in labels.items() if found.max() < n]
    beyond = [n for n, found in labels.items() if found.max() >= n]
    assert within
    assert beyond
    assert all(np.array_equal(slic(image, count=n, compactness=10), labels[n]) for n in within)
    assert all(slic(image, count=n, compactness=10).max() < n for n in beyond)


def test_slic_follows_colour() -> None:
    """No segment of four plain quarters crosses from one into another."""
    batch = patches()
    quarter = torch.arange(16).div(8, rounding_mode="floor")
    place = quarter[:, None] * 2 + quarter
    for labels in segments(batch, SLIC).labels:
        assert all(len(place[labels == label].unique()) == 1 for label in labels.unique())


@pytest.mark.parametrize("count", [4, 7, 12, 40, 72])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_slic_finds_no_more_than_asked_for(count: int, channels: int) -> None:
    """Whatever grid it starts from; every pixel belongs to a segment."""
    cut = segments(images(2, (channels, 12, 12)), SegmentParameters(segmentation="slic", segments=count))
    assert cut.labels.min() == 0
    assert cut.labels.max() < count
    assert cut.count == count


def test_segments_are_those_of_the_unshifted_image() -> None:
    """Also under a checkerboard that would draw segments of its own."""
    batch = patches()
    shift = 3 * (torch.arange(16)[:, None] + torch.arange(16)).remainder(2).double().expand(3, 16, 16)
    moved = replace(batch, x=batch.x + shift, shift=shift)
    assert torch.equal(segments(moved, SLIC).labels, segments(batch, SLIC).labels)
    assert not torch.equal(segments(replace(moved, shift=None), SLIC).labels, segments(batch, SLIC).labels)


@pytest.mark.parametrize("parameters", [GRID, SLIC], ids=["grid", "slic"])
def test_a_mask_shows_whole_segments_and_a_painting_has_one_value_each(parameters: SegmentParameters) -> None:
    """Every pixel has its segment's value; a grid is painted at its own resolution."""
    cut = segments(patches(), parameters)
    values = torch.rand(2, cut.count, generator=torch.Generator().manual_seed(0))
    spread = cut.mask(values)[:, 0]
    for image in range(2):
        assert torch.equal(spread[image], values[image][cut.labels[image]])
    painted = cut.painted(values)
    assert torch.equal(painted, values.view(2, 1, 3, 3) if parameters is GRID else spread[:, None])


def test_touched_segments_are_those_of_the_pixels() -> None:
    """One pixel touches one segment of its own image."""
    cut = segments(images(2, (1, 6, 6)), GRID)
    pixels = torch.zeros(2, 6, 6, dtype=torch.bool)
    pixels[1, 5, 0] = True
    assert cut.touched(pixels).nonzero().tolist() == [[1, 6]]
