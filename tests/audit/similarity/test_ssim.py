"""SSIM against scikit-image under the same options, to 1e-6 in float64 (seen: 1e-13), and against what must hold."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity as skimage_ssim
from torch import Tensor

from junco.audit.similarity import named
from junco.audit.similarity.ssim import CONVENTIONS, structural_similarity, uniform

_GAUSSIAN = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": True}
_OPTIONS: dict[str, dict[str, object]] = {
    "audit": {"win_size": 7, "data_range": 1.0},
    "adebayo_code": {"data_range": 2.0, **_GAUSSIAN},
    "adebayo_paper": {"win_size": 5, "data_range": 2.0},
    "sixt": {"win_size": 5, "data_range": 2.0},
}


def _clip(m: np.ndarray) -> np.ndarray:
    low, high = np.percentile(m, [0.5, 99.5])
    return np.clip((m - low) / (high - low), 0, 1)


def _min_max(m: np.ndarray) -> np.ndarray:
    return (m - m.min()) / (m.max() - m.min())


_SCALES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "audit": _clip,
    "adebayo_code": _min_max,
    "adebayo_paper": lambda m: 2 * _min_max(m) - 1,
    "sixt": _clip,
}


def _expected(a: np.ndarray, b: np.ndarray, convention: str) -> float:
    options = _OPTIONS[convention] | ({"channel_axis": 0} if a.ndim == 3 else {})
    scale = _SCALES[convention]
    values = [skimage_ssim(scale(a), scale(b), **options)]
    if convention == "sixt":
        values.append(skimage_ssim(scale(a), scale(-b), **options))
    return float(max(values))


def _related(*shape: int, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    """Pairs of heavy-tailed maps from alike to unlike to flipped."""
    rng = np.random.default_rng(0)
    a = torch.from_numpy(rng.standard_t(4, shape))
    mix = torch.linspace(-1, 1, shape[0], dtype=torch.float64).view(-1, *[1] * (len(shape) - 1))
    return a.to(dtype), (mix * a + 0.5 * torch.from_numpy(rng.standard_t(4, shape))).to(dtype)


@pytest.mark.parametrize("shape", [(5, 40, 33), (4, 3, 31, 40)], ids=["2-D", "channels"])
@pytest.mark.parametrize("convention", sorted(_OPTIONS))
def test_conventions_are_scikit_images(convention: str, shape: tuple[int, ...]) -> None:
    """Every convention equals scikit-image's figure under its options, image by image."""
    a, b = _related(*shape)
    expected = [_expected(x, y, convention) for x, y in zip(a.numpy(), b.numpy(), strict=True)]
    assert named(f"ssim_{convention}")(a, b).tolist() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("convention", sorted(_OPTIONS))
def test_float32_maps_give_nearly_the_float64_figure(convention: str) -> None:
    """The rounding of the maps themselves (1e-7 of their range) is all that float32 costs."""
    a, b = _related(4, 40, 40, dtype=torch.float32)
    a64, b64 = _related(4, 40, 40)
    assert torch.allclose(named(f"ssim_{convention}")(a, b), named(f"ssim_{convention}")(a64, b64), atol=1e-5)


def test_the_table_of_conventions_is_the_tested_one() -> None:
    """No convention escapes the comparison above."""
    assert set(CONVENTIONS) == set(_OPTIONS)


@pytest.mark.parametrize("convention", sorted(_OPTIONS))
def test_a_map_is_wholly_similar_to_itself_and_scale_does_not_matter(convention: str) -> None:
    """SSIM(x, x) = 1, also after a positive affine change."""
    a, _ = _related(3, 30, 30)
    assert named(f"ssim_{convention}")(a, 5 * a + 2).tolist() == pytest.approx([1, 1, 1], abs=1e-9)


def test_sixt_is_blind_to_a_flip_and_the_others_are_not() -> None:
    """A negated map is the same map under Sixt's convention only."""
    a, _ = _related(3, 30, 30)
    assert named("ssim_sixt")(a, -a).tolist() == pytest.approx([1, 1, 1], abs=1e-9)
    assert (named("ssim_audit")(a, -a) < 0.1).all()


def test_a_shift_is_seen_in_two_dimensions() -> None:
    """Moving a map down by 8 pixels destroys local structure; flattened, it would hardly show."""
    stripes = torch.sin(torch.arange(64.0)[:, None] / 2) + 0.1 * torch.rand(
        64, 64, generator=torch.Generator().manual_seed(0)
    )
    moved = stripes.roll(6, dims=0)
    assert named("ssim_audit")(stripes[None], moved[None]).item() < 0


def test_unrelated_heavy_tailed_maps_score_low_under_audit_and_high_under_the_2018_code() -> None:
    """Independent Student-t3 maps look alike to min-max scaling, and not after the percentile clip."""
    rng = np.random.default_rng(0)
    a, b = (torch.from_numpy(rng.standard_t(3, (6, 128, 128))) for _ in range(2))
    assert named("ssim_audit")(a, b).mean().item() < 0.05
    assert named("ssim_adebayo_code")(a, b).mean().item() > 0.5


@pytest.mark.parametrize(("convention", "window"), [("audit", 7), ("adebayo_code", 11), ("sixt", 5)])
def test_a_map_smaller_than_the_window_has_no_similarity(convention: str, window: int) -> None:
    """NaN one pixel below the window, scikit-image's figure at the window."""
    a, b = _related(2, window, window + 3)
    expected = [_expected(x, y, convention) for x, y in zip(a.numpy(), b.numpy(), strict=True)]
    assert named(f"ssim_{convention}")(a, b).tolist() == pytest.approx(expected, abs=1e-6)
    assert named(f"ssim_{convention}")(a[:, 1:], b[:, 1:]).isnan().all()


def test_a_map_that_the_clip_flattens_has_no_similarity() -> None:
    """A single lit pixel lies beyond the 99.5th percentile: what is left is constant."""
    a, b = _related(1, 40, 40)
    spot = torch.zeros_like(a)
    spot[0, 3, 3] = 1
    assert named("ssim_audit")(spot, b).isnan().all()
    assert named("ssim_adebayo_code")(spot, b).isfinite().all()


def test_images_are_compared_unscaled() -> None:
    """The plain function takes images as they are, with the range that the caller states."""
    rng = np.random.default_rng(0)
    x, y = rng.random((2, 3, 20, 20))
    ours = structural_similarity(
        torch.from_numpy(x)[None], torch.from_numpy(y)[None], window=uniform(7), data_range=1.0
    )
    assert ours.item() == pytest.approx(skimage_ssim(x, y, win_size=7, data_range=1.0, channel_axis=0), abs=1e-6)
