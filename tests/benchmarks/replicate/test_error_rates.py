"""What the replication computes itself: parts of a variance, samples of a population, maps that share nothing."""

import numpy as np
import pytest
import torch

from benchmarks.replicate import coverage, nulls, rates


def population(seed: int, *, image: float = 0.2, model: float = 0.1, rest: float = 0.15) -> np.ndarray:
    """500 images by 40 seeds about .4."""
    rng = np.random.default_rng(seed)
    effects = rng.normal(0, image, (500, 1)) + rng.normal(0, model, (1, 40))
    return np.asarray(0.4 + effects + rng.normal(0, rest, (500, 40)))


def test_the_parts_of_the_variance_are_those_that_were_put_in() -> None:
    """40 seeds know their own spread to 11 %, hence .03; 500 images theirs to 3 %."""
    found = coverage.parts(population(0))
    assert found == {
        "image": pytest.approx(0.2, abs=0.02), "seed": pytest.approx(0.1, abs=0.03),
        "residual": pytest.approx(0.15, abs=0.005),
    }  # fmt: skip


def test_samples_of_a_population_cover_it_and_samples_of_images_alone_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """300 samples have a standard error of 1.3 %; with seeds that differ, images alone cover far less."""
    monkeypatch.setattr(coverage, "DRAWS", 300)
    found = coverage._sampled(population(1), 50, 5)
    assert found["coverage"] > 0.91
    assert found["images_only"] < 0.8


def test_the_maps_of_other_images_are_never_ones_own() -> None:
    """A cycle of all images, another one for another seed."""
    maps = torch.arange(7.0)[:, None, None, None].expand(7, 1, 4, 4)
    for seed in range(20):
        turned = nulls.others(maps, torch.Generator().manual_seed(seed))[:, 0, 0, 0]
        assert sorted(turned.tolist()) == list(range(7))
        assert not (turned == maps[:, 0, 0, 0]).any()


def test_random_phases_keep_the_spectrum_and_lose_the_map() -> None:
    """Amplitudes equal to float32 rounding, correlation about zero."""
    maps = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    other = nulls.phases(maps, torch.Generator().manual_seed(1))
    amplitudes = [torch.fft.rfft2(m).abs()[..., 1:16] for m in (maps, other)]
    assert torch.allclose(*amplitudes, rtol=1e-3, atol=1e-3)
    assert abs(np.corrcoef(maps.flatten(), other.flatten())[0, 1]) < 0.1


def test_far_from_the_thresholds_the_rule_speaks() -> None:
    """Nothing kept: pass; all kept: fail."""
    assert rates.shares(0.0, "usual", "standard", repetitions=20)["pass"] == 1.0
    assert rates.shares(0.9, "usual", "standard", repetitions=20)["fail"] == 1.0
