"""Maps made ready to be compared, and what partials keep of tensors."""

import numpy as np
import pytest
import torch

from junco.audit.checks.compare import Prepared, array, likenesses
from junco.audit.maps import Comparison
from junco.audit.similarity.spearman import cross, prepare


@pytest.mark.parametrize("kind", [torch.int64, torch.uint8])
def test_whole_numbers_stay_what_they_are(kind):
    """Classes and pixels are counted, not measured."""
    kept = array(torch.tensor([0, 200], dtype=kind))
    assert (kept.dtype.name, kept.tolist()) == (str(kind).removeprefix("torch."), [0, 200])


@pytest.mark.parametrize("kind", [torch.float64, torch.float16, torch.bool])
def test_all_else_is_kept_in_float32(kind):
    """Truth values too, whose means are shares."""
    kept = array(torch.tensor([0, 1], dtype=kind))
    assert kept.dtype == np.float32
    assert kept.tolist() == [0.0, 1.0]


def test_likeness_is_that_of_the_other_images_maps():
    """Two copies and a map in the opposite order: 1 and -1 average to 0; without a sign all three are one map."""
    maps = torch.stack([torch.arange(9.0).view(3, 3), torch.arange(9.0).view(3, 3), -torch.arange(9.0).view(3, 3)])
    own = {"plain": Prepared(maps, prepare(maps), signed=False), "signed": Prepared(maps, prepare(maps), signed=True)}
    found = likenesses(Comparison(prepare, cross), own)
    assert found["plain"].tolist() == pytest.approx([0.0, 0.0, -1.0], abs=1e-6)
    assert found["signed"].tolist() == pytest.approx([1.0, 1.0, 1.0], abs=1e-6)
