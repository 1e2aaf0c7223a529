"""Levels of evidence and their bounds."""

import numpy as np
import pytest

from junco.audit.verdict.evidence import above, below, swapped
from junco.audit.verdict.interval import TwoWay
from junco.contract.catalogue import Level
from junco.contract.thresholds import Thresholds

T = Thresholds()


@pytest.mark.parametrize(("mean", "level"), [(0.5, Level.STRONG), (0.25, Level.WEAK), (0.1, Level.NONE)])
def test_a_bound_not_the_mean_has_to_lie_beyond(mean: float, level: Level) -> None:
    """With a standard error of .04 and 30 degrees of freedom the 95 % bounds lie .082 away."""
    found = above(TwoWay(mean, 0.04**2, 30), (0.1, 0.4), alpha=0.05)
    assert found.level is level
    assert found.lower == pytest.approx(mean - 0.0817, abs=1e-4)
    assert below(TwoWay(-mean, 0.04**2, 30), (-0.1, -0.4), alpha=0.05).level is level


def test_nothing_measured_is_no_evidence_either_way() -> None:
    """Rather than none."""
    assert above(None, (0.1, 0.4), alpha=0.05).level is None
    assert below(None, (0.1, 0.4), alpha=0.05).level is None


def test_pairs_that_the_witness_does_not_tell_apart_do_not_count() -> None:
    """Five pairs are too few; the sixth makes the mean of those six, whatever the rest show."""
    contrast = np.array([-0.3, -0.2, -0.3, -0.2, -0.3, -0.2, 0.9, 0.9])
    witness = np.array([0.5] * 6 + [0.1, 0.1])
    found = swapped([contrast], witness, t=T, alpha=0.05)
    assert found.level is Level.STRONG
    assert found.value == pytest.approx(-0.25)
    witness[0] = 0.1
    assert swapped([contrast], witness, t=T, alpha=0.05).level is None
