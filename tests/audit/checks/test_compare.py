"""What partials keep of tensors."""

import numpy as np
import pytest
import torch

from junco.audit.checks.compare import array


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
