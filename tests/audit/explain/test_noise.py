"""Counter-based normal noise."""

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from junco.audit.explain.noise import Stream, normal, uniform


def drawn(n: int = 1, size: int = 9_999, *, seed: int = 3, draw: int = 0, stream: Stream = Stream.SMOOTHGRAD) -> Tensor:
    """Noise for images 0 to n."""
    like = torch.empty(n, size, dtype=torch.float64)
    return normal(like, seed=seed, stream=stream, index=range(n), draw=draw)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_noise_is_standard_normal(dtype: torch.dtype) -> None:
    """A Kolmogorov-Smirnov test of 200 001 values finds nothing at 1 %."""
    values = normal(torch.empty(1, 200_001, dtype=dtype), seed=3, stream=Stream.SMOOTHGRAD, index=(0,))[0]
    assert values.dtype == dtype
    assert stats.kstest(values.double().numpy(), "norm").pvalue > 0.01


def test_uniforms_behind_the_noise_fill_the_square() -> None:
    """Both halves of a pair are independent: their joint histogram passes a chi-square test at 1 %."""
    first, second = stats.norm.cdf(drawn(size=200_000)[0].numpy()).reshape(2, -1)
    counts, _, _ = np.histogram2d(first, second, bins=16, range=[[0, 1], [0, 1]])
    assert stats.chisquare(counts.flatten()).pvalue > 0.01


def test_neighbours_in_every_coordinate_are_unrelated() -> None:
    """Seeds, images, draws and streams one apart correlate below 4.5 standard errors."""
    base = drawn(2)
    others = [base[1], drawn(seed=4)[0], drawn(draw=1)[0], drawn(stream=Stream.GAUSSIAN_NOISE)[0], base[0].roll(1)]
    limit = 4.5 / base.shape[1] ** 0.5
    assert max(abs(torch.corrcoef(torch.stack([base[0], other]))[0, 1].item()) for other in others) < limit


def test_noise_belongs_to_the_image_not_to_its_place_in_the_batch() -> None:
    """Another order or another batch gives each image the same noise."""
    like = torch.empty(3, 2, 5, 5, dtype=torch.float64)
    together = normal(like, seed=1, stream=Stream.SMOOTHGRAD, index=(8, 2, 5))
    alone = [normal(like[:1], seed=1, stream=Stream.SMOOTHGRAD, index=(i,))[0] for i in (5, 8, 2)]
    assert torch.equal(together, torch.stack([alone[1], alone[2], alone[0]]))


def test_single_and_double_precision_share_their_noise() -> None:
    """float32 noise is float64 noise up to the rounding of its uniforms to 24 bits."""
    double = drawn(size=1000)
    single = normal(torch.empty(1, 1000), seed=3, stream=Stream.SMOOTHGRAD, index=(0,))
    torch.testing.assert_close(single.double(), double, rtol=1e-4, atol=1e-5)


def test_noise_never_changes_between_releases() -> None:
    """The first values of seed 0 and image 0, re-derived with Python integers and the textbook formulas."""
    from math import cos, log, pi, sqrt

    mask = 2**64 - 1

    def mix(z: int) -> int:
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & mask
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB & mask
        return z ^ (z >> 31)

    key = 0
    for part in (0, int(Stream.SMOOTHGRAD), 0, 0):
        key = mix((key + 0x9E3779B97F4A7C15 + mix(part)) & mask)
    expected = []
    for counter in (1, 2, 3):
        bits = mix((key + counter * 0x9E3779B97F4A7C15) & mask)
        radius = sqrt(-2 * log(((bits >> 32) + 0.5) / 2**32))
        expected.append(radius * cos(2 * pi * (bits & 0xFFFFFFFF) / 2**32))
    found = normal(torch.empty(1, 6, dtype=torch.float64), seed=0, stream=Stream.SMOOTHGRAD, index=(0,))[0, :3]
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64), rtol=1e-12, atol=1e-12)


def test_uniform_noise_is_uniform_and_keyed_by_image() -> None:
    """In [0, 1), a Kolmogorov-Smirnov test finds nothing at 1 %; an image's numbers are its own in any batch."""
    both = uniform((500, 200), seed=3, stream=Stream.RISE, index=(4, 9), device=torch.device("cpu"))
    assert both.min() >= 0
    assert both.max() < 1
    assert stats.kstest(both[0].flatten().numpy(), "uniform").pvalue > 0.01
    assert torch.equal(uniform((500, 200), seed=3, stream=Stream.RISE, index=(9,), device=both.device)[0], both[1])
    assert abs(torch.corrcoef(both.flatten(1))[0, 1].item()) < 4.5 / 100_000**0.5
