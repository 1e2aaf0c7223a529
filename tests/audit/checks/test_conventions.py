"""Views of published code, against the recipe as their authors wrote it with numpy."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from junco.audit.checks.conventions import as_images, code_abs, code_diverging, published
from junco.audit.similarity import named
from junco.audit.similarity.spearman import spearman
from junco.contract.catalogue import Method
from junco.contract.conventions import CONVENTIONS, SIXT
from junco.contract.randomization import ConventionName


def maps(channels: int = 3, n: int = 4) -> Tensor:
    """Raw signed maps in float64."""
    return torch.randn(n, channels, 12, 13, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


def theirs(raw: NDArray[np.float64], *, signed: bool) -> NDArray[np.float64]:
    """One map [C, H, W] as the code beside Adebayo et al. (2018) prepares it."""
    if raw.shape[0] == 1:
        flat = raw[0] if signed else np.abs(raw[0])
        return np.asarray(flat / np.max(np.abs(raw[0])))
    total = raw.sum(0) if signed else np.abs(raw).sum(0)
    high = np.percentile(total, 99)
    if signed:
        span = abs(high)
        return np.asarray(np.clip((total + span) / (2 * span), -1, 1))
    return np.asarray(np.clip((total - total.min()) / (high - total.min()), 0, 1))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("signed", [False, True])
def test_the_authors_views_are_theirs(channels: int, signed: bool) -> None:
    """abs and diverging, of three channels and of one, to the last bit, in which channel sums may differ."""
    raw = maps(channels)
    ours = (code_diverging if signed else code_abs)(raw)
    expected = np.stack([theirs(m.numpy(), signed=signed) for m in raw])
    np.testing.assert_allclose(ours.numpy(), expected, rtol=0, atol=4e-16)


def test_grad_cams_cells_are_enlarged_and_repeated() -> None:
    """One coarse channel becomes three equal ones at the image's size, between its least and largest value."""
    coarse = maps(1, 2)[..., :3, :3]
    found = as_images(coarse, (3, 12, 12))
    assert found.shape == (2, 3, 12, 12)
    assert torch.equal(found[:, 0], found[:, 2])
    assert float(found.max()) == pytest.approx(float(coarse.max()), abs=1e-12)  # a corner, which no neighbour dilutes
    assert float(found.min()) >= float(coarse.min()) - 1e-12
    assert torch.equal(as_images(found, (3, 12, 12)), found)


def test_sixts_views_go_by_the_method() -> None:
    """The largest magnitude over channels for the gradient, the sum for LRP, then flip-invariant SSIM."""
    found = published(SIXT, {"g": Method.GRADIENT, "l": Method.LRP_EPSILON}, named)
    a, b = maps(), maps().roll(1, 0)
    measure = named("ssim_sixt")
    assert torch.equal(found["g"]["ssim"](a, b), measure(a.abs().amax(1), b.abs().amax(1)))
    assert torch.equal(found["l"]["ssim"](a, b), measure(a.sum(1), b.sum(1)))
    assert found["l"]["ssim"](a, -a) == pytest.approx(1)
    assert not torch.allclose(found["g"]["ssim"](a, b), found["l"]["ssim"](a, b))


@dataclass(frozen=True)
class Expected:
    """What a convention calls a statistic, and the function it is."""

    convention: ConventionName
    names: tuple[str, ...]


@pytest.mark.parametrize(
    "case",
    [
        Expected(ConventionName.AUDIT, ()),
        Expected(ConventionName.ADEBAYO_CODE, ("spearman_abs", "spearman_diverging", "ssim", "hog")),
        Expected(ConventionName.ADEBAYO_PAPER, ("spearman_abs", "spearman_diverging", "ssim", "hog")),
        Expected(ConventionName.SIXT, ("ssim",)),
        Expected(ConventionName.HEDSTROM, ("spearman_abs",)),
    ],
)
def test_every_convention_measures_what_its_paper_reports(case: Expected) -> None:
    """1 for a map and itself; HOG needs 48 pixels and has none here."""
    found = published(CONVENTIONS[case.convention], {"m": Method.GRADIENT}, named)["m"]
    assert tuple(found) == case.names
    for name, statistic in found.items():
        values = statistic(maps(), maps())
        assert bool(values.isnan().all()) if name == "hog" else values == pytest.approx(1)


def test_clipping_costs_ranks_little() -> None:
    """The authors' percentile ties one value in a hundred: Spearman within .01 of that of plain sums."""
    a, b = maps(), maps() + 0.5 * maps(n=8)[4:]
    assert spearman(code_abs(a), code_abs(b)) == pytest.approx(spearman(a.abs().sum(1), b.abs().sum(1)), abs=0.01)
