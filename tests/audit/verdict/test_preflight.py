"""Whether randomisation changed the model at all: O13, O14 and their likes."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from junco.audit.verdict import changed

LIMIT = 0.3
Logits = NDArray[np.float64]


def logits(seed: int, shape: tuple[int, int] = (50, 10)) -> Logits:
    """Independent logits."""
    return np.random.default_rng(seed).normal(size=shape)


def test_an_identical_model_has_not_changed() -> None:
    """O13: correlation 1, distance 0 in every seed."""
    z = logits(0)
    seen = changed(z, [z.copy(), z.copy()], limit=LIMIT)
    assert not seen.changed
    assert seen.finite
    assert seen.correlations == pytest.approx((1.0, 1.0))
    assert seen.distances == pytest.approx((0.0, 0.0))


def test_permuting_hidden_channels_consistently_changes_no_output() -> None:
    """O14: every tensor differs and the function does not; only outputs tell."""
    generator = torch.Generator().manual_seed(0)
    first, last = nn.Linear(12, 16).double(), nn.Linear(16, 5).double()
    x = torch.randn(40, 12, generator=generator, dtype=torch.float64)
    with torch.no_grad():
        before = last(torch.relu(first(x))).numpy()
        order = torch.randperm(16, generator=generator)
        weights = [p.clone() for p in (first.weight, first.bias, last.weight)]
        first.weight.copy_(first.weight[order])
        first.bias.copy_(first.bias[order])
        last.weight.copy_(last.weight[:, order])
        after = last(torch.relu(first(x))).numpy()
    assert all(not torch.equal(a, b) for a, b in zip(weights, (first.weight, first.bias, last.weight), strict=True))
    assert not changed(before, [after] * 3, limit=LIMIT).changed


@pytest.mark.parametrize("classes", [2, 3, 10, 1000])
def test_independent_outputs_have_changed(classes: int) -> None:
    """Logits that have nothing to do with the original's are a changed model, however few the classes."""
    shape = (50, classes)
    assert changed(logits(0, shape), [logits(s, shape) for s in range(1, 6)], limit=LIMIT).changed


def test_scaled_and_offset_outputs_of_a_many_class_model_have_not_changed() -> None:
    """Twice the logits plus a constant per class rank images alike: correlation 1."""
    z = logits(0)
    assert not changed(z, [2 * z + 3.0, 0.5 * z - 1.0], limit=LIMIT).changed


def test_one_seed_that_correlates_by_chance_does_not_condemn_the_others() -> None:
    """The model counts as unchanged only when every seed computes the same."""
    z = logits(0)
    assert changed(z, [z, logits(1), logits(2)], limit=LIMIT).changed


def test_two_classes_ruled_by_one_common_factor_have_changed() -> None:
    """z1 = -z0 in both models, both driven by brightness: correlation 1 in every seed by chance, yet other outputs."""
    brightness = np.linspace(-1, 1, 40)[:, None] * np.array([[1.0, -1.0]])
    trained = 5 * brightness + 0.01 * logits(0, (40, 2))
    assert changed(trained, [0.4 * brightness, 12 * brightness, 1.5 * brightness], limit=LIMIT).changed
    assert not changed(trained, [trained + 1e-6, trained - 1e-6], limit=LIMIT).changed


def test_outputs_that_do_not_depend_on_the_image_have_changed() -> None:
    """A randomised network that answers the same for every image correlates with nothing, and raises nothing."""
    seen = changed(logits(0), [np.ones((50, 10)), np.zeros((50, 10))], limit=LIMIT)
    assert seen.changed
    assert seen.correlations == (0.0, 0.0)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_outputs_that_are_not_finite_are_neither(value: float) -> None:
    """One NaN or infinity anywhere: not finite, and not to be counted as changed."""
    broken = logits(1)
    broken[3, 2] = value
    seen = changed(logits(0), [logits(2), broken], limit=LIMIT)
    assert not seen.finite
    assert not seen.changed


def test_the_correlation_is_that_of_class_centred_logits() -> None:
    """Class offsets alone, shared by all random networks, are no correlation; numpy's own over flattened tables."""
    offsets = 100 * np.arange(10.0)
    a, b = logits(0) + offsets, logits(1) + offsets
    (r,) = changed(a, [b], limit=LIMIT).correlations
    centred = np.corrcoef((a - a.mean(0)).ravel(), (b - b.mean(0)).ravel())[0, 1]
    assert r == pytest.approx(centred, abs=1e-12)
    assert abs(r) < 0.2 < np.corrcoef(a.ravel(), b.ravel())[0, 1]
