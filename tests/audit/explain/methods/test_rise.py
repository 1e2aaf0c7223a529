"""RISE, derived again from its masks."""

from dataclasses import replace

import pytest
import torch

from junco.audit.explain.backward import scores
from junco.audit.explain.methods.rise import masks
from junco.audit.explain.passes import Pass
from junco.contract.catalogue import Method, RiseParameters
from tests.audit.explain.games import explained
from tests.audit.explain.models import bound, convnet, images, linear

FEW = RiseParameters(samples=60, side=4)


def test_the_map_is_the_mean_score_of_masks_that_show_a_pixel() -> None:
    """A naive loop over images, masks and pixels, less the mean of all scores; float64 rounding."""
    model, batch = convnet(), images(2)
    found = explained(model, batch, bound(Method.RISE, FEW), seed=6)
    mask = masks(Pass(model, batch, seed=6), FEW)
    for i in range(2):
        all_masks = [mask(k)[i, 0] for k in range(60)]
        given = [scores(model(batch.x[i : i + 1] * m), batch.targets[i : i + 1]).item() for m in all_masks]
        for row, column in ((0, 0), (5, 7), (11, 11)):
            weights = [m[row, column].item() for m in all_masks]
            shown = sum(g * w for g, w in zip(given, weights, strict=True)) / sum(weights)
            assert found[i, 0, row, column].item() == pytest.approx(shown - sum(given) / 60, rel=1e-9, abs=1e-12)


def test_masks_show_the_share_asked_for() -> None:
    """Values in [0, 1] whose mean is the share within 4.5 standard errors of its cells, shifted from mask to mask."""
    parameters = RiseParameters(samples=400, side=3, shown=0.3)
    mask = masks(Pass(convnet(), images(2)), parameters)
    every = torch.stack([mask(k) for k in range(400)])
    assert every.min() >= 0
    assert every.max() <= 1
    assert every.mean().item() == pytest.approx(0.3, abs=4.5 * (0.3 * 0.7 / (9 * 800)) ** 0.5)
    assert not torch.equal(mask(0)[0], mask(0)[1])
    assert not torch.equal(mask(0), mask(1))
    # Of 2^9 patterns at 16 places a few of fifty may coincide.
    assert len({tuple(m[0].flatten().tolist()) for m in every[:50]}) > 45


def test_a_pixel_that_alone_counts_stands_out() -> None:
    """A linear model with one weight: the map is largest where that weight is, in every image."""
    model, weight = linear()
    weight.zero_()
    weight[:, 0, 1, 2] = 5.0
    batch = replace(images(3, (2, 4, 4)), targets=torch.zeros(3, dtype=torch.long))
    found = explained(model, batch, bound(Method.RISE, RiseParameters(samples=400, side=4)))
    assert found.flatten(1).argmax(1).tolist() == [6, 6, 6]


def test_a_model_that_never_changes_its_mind_has_a_map_of_zeros() -> None:
    """Exactly: rounding would have ranks, and a verdict would be said of them."""
    model, weight = linear()
    weight.zero_()
    assert explained(model, images(2, (2, 4, 4)), bound(Method.RISE, FEW)).abs().max() == 0
