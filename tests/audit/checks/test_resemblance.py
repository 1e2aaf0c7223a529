"""What maps resemble by themselves: edges, whatever the sign and at their own resolution; noise of their spectrum."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.checks.resemblance import phase_noise
from junco.audit.model import Canonical
from junco.contract.catalogue import Control, Verdict
from tests.audit.checks import fakes
from tests.audit.checks.fakes import SIGNED, UNSIGNED, measured
from tests.audit.explain.models import images


def test_a_signed_map_that_paints_edges_is_recognised_by_its_magnitudes() -> None:
    """Edge times random sign resembles edges in nothing but magnitude; its edge similarity is 1."""

    def painted(model: Canonical, b: Batch, seed: int) -> Tensor:
        return fakes.edges(model, b, seed) * fakes.normal(fakes.fingerprint(model), shape=(1, 1, 12, 12)).sign()

    found = measured({"it": (SIGNED, painted), Control.EDGE_DETECTOR.value: (UNSIGNED, fakes.edges)})
    assert found["it", "original", "edge"] == pytest.approx(np.ones(16), abs=1e-6)
    assert found.judged("it").verdict is Verdict.PASS


def test_edges_are_compared_at_the_maps_own_resolution() -> None:
    """A map of 4 x 4 cells meets the edges averaged over the same cells."""

    def pooled(model: Canonical, b: Batch, seed: int) -> Tensor:
        return torch.nn.functional.avg_pool2d(fakes.edges(model, b, seed), 3)

    found = measured({"cam": (UNSIGNED, pooled), Control.EDGE_DETECTOR.value: (UNSIGNED, fakes.edges)})
    assert found["cam", "original", "edge"] == pytest.approx(np.ones(16), abs=1e-6)
    assert found.partial.facts["resolutions"] == {"cam": [4, 4], "edge_detector": [12, 12]}


@pytest.mark.parametrize("size", [(12, 12), (9, 12), (7, 7), (14, 5)])
def test_phase_noise_keeps_the_spectrum_and_loses_the_map(size: Sequence[int]) -> None:
    """Amplitudes to float64 rounding; correlation with the map by chance only."""
    maps = fakes.normal(1, shape=(40, *size)).cumsum(1)
    shaped = phase_noise(maps, torch.Generator().manual_seed(0))
    torch.testing.assert_close(torch.fft.fft2(shaped).abs(), torch.fft.fft2(maps).abs(), rtol=1e-9, atol=1e-9)
    assert shaped.shape == maps.shape
    rho = [spearmanr(a.ravel(), b.ravel()).statistic for a, b in zip(maps, shaped, strict=True)]
    assert abs(np.mean(rho)) < 0.3


def test_smooth_maps_resemble_noise_of_their_spectrum_more_than_white_ones() -> None:
    """The random-map floor knows that few degrees of freedom make chance similarity."""

    def smooth(model: Canonical, b: Batch, seed: int) -> Tensor:
        coarse = fakes.faithful(model, b, seed)[:, :1, :3, :3]
        return torch.nn.functional.interpolate(coarse, size=(12, 12), mode="bilinear")

    found = measured({"smooth": (SIGNED, smooth), "white": (SIGNED, fakes.faithful)}, images(40))
    smooth_floor, white_floor = (float(found[label, "original", "random_map"].mean()) for label in ("smooth", "white"))
    assert white_floor == pytest.approx(0.80 / 12, abs=0.035)
    assert smooth_floor > 2 * white_floor
