"""What the aims of an attack look at, by hand."""

import numpy as np
import pytest
import torch

from junco.audit.checks.aims import CRITERIA, Scene, centre, emptiest, top_mask
from junco.contract.catalogue import Aim


def test_what_the_aims_look_at() -> None:
    """Two per cent of the pixels, the centre of mass in pixels, the quarter with least, by hand."""
    one = torch.zeros(1, 10, 10)
    one[0, 2, 3], one[0, 2, 5], one[0, 7, 1] = 0.5, 0.3, 0.2
    assert top_mask(one).nonzero().tolist() == [[0, 2, 3], [0, 2, 5]]
    torch.testing.assert_close(centre(one), torch.tensor([[0.8 * 2 + 0.2 * 7, 0.5 * 3 + 0.3 * 5 + 0.2 * 1]]))
    assert emptiest(one)[0, 5:, 5:].all()
    assert emptiest(one).sum() == 25
    scene, moved = Scene.of(one), torch.zeros(1, 10, 10)
    moved[0, 9, 9] = 1
    assert CRITERIA[Aim.TOP_K](one, scene).item() == pytest.approx(0.8)
    assert CRITERIA[Aim.REGION](moved, scene).item() == -1
    assert CRITERIA[Aim.MASS_CENTRE](moved, scene).item() == pytest.approx(-np.hypot(9 - 3.0, 9 - 3.2))
