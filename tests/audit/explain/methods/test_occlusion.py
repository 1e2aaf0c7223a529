"""Occlusion against sums by hand, a naive loop, and Captum on a plain twin."""

import pytest
import torch
from captum.attr import Occlusion
from pydantic import ValidationError
from torch import Tensor, nn

from junco.audit.batch import Batch
from junco.audit.explain import build
from junco.audit.maps import reduce
from junco.audit.model import Canonical
from junco.contract.catalogue import Method, OcclusionParameters, View
from junco.contract.errors import InvalidPlan
from tests.audit.explain.models import bound, canonical, convnet, images, linear, seeded, shifted


def occluded(model: Canonical, batch: Batch, *, rows: int = 32, **given: object) -> Tensor:
    """The map [n, rows, columns]."""
    explain = build(
        [bound(Method.OCCLUSION, OcclusionParameters.model_validate(given), label="it")], model, batch_size=rows
    )
    return reduce(explain(model, batch, seed=0).maps["it"], View.UNSIGNED)


def fill_of(name: str, batch: Batch) -> float:
    return {"zero": 0.0, "black": float(batch.box.low[0]), "mean": float(batch.box.mean[0]), "custom": 0.3}[name]


@pytest.mark.parametrize("baseline", ["zero", "black", "mean", "custom"])
def test_on_a_linear_model_a_window_is_worth_what_it_adds(baseline: str) -> None:
    """A_ij = sum over the window of w (x - fill), to float64 rounding, on windows side by side."""
    model, weight = linear()
    batch = images(shape=(2, 4, 4))
    values = {"baseline_values": (0.3, 0.3)} if baseline == "custom" else {}
    found = occluded(model, batch, window=2, stride=2, baseline=baseline, **values)
    worth = weight[batch.targets] * (batch.x - fill_of(baseline, batch))
    tiles = worth.view(5, 2, 2, 2, 2, 2).sum(dim=(1, 3, 5))
    torch.testing.assert_close(found, tiles, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("window", "stride"), [(5, 3), (4, 4), (3, 1), (7, 5)])
def test_a_naive_loop_agrees(window: int, stride: int) -> None:
    """One image and one window at a time, the last ones cut off at the border."""
    model, batch = convnet(), images()
    found = occluded(model, batch, window=window, stride=stride, baseline="mean", rows=7)
    tops = [0]
    while tops[-1] + window < 12:
        tops.append(tops[-1] + stride)
    expected = torch.zeros(5, len(tops), len(tops), dtype=torch.float64)
    for i in range(5):
        for row, top in enumerate(tops):
            for column, left in enumerate(tops):
                changed = batch.x[i : i + 1].clone()
                changed[:, :, top : top + window, left : left + window] = 0.5
                c = int(batch.targets[i])
                expected[i, row, column] = (model(batch.x[i : i + 1])[0, c] - model(changed)[0, c]).item()
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("window", "stride"), [(4, 4), (5, 2)])
def test_captums_map_is_ours_spread_over_the_pixels(window: int, stride: int) -> None:
    """Captum averages overlapping windows at each pixel: our cells, so averaged, are its map, to its float32."""
    network = seeded(nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(576, 4)))
    model, batch = canonical(network), images()
    found = occluded(model, batch, window=window, stride=stride)
    theirs = Occlusion(network).attribute(
        batch.x,
        sliding_window_shapes=(3, window, window),
        strides=(3, stride, stride),
        target=batch.targets,
        baselines=0,
    )
    total, count = torch.zeros_like(batch.x[:, 0]), torch.zeros(12, 12, dtype=torch.float64)
    for row in range(found.shape[1]):
        for column in range(found.shape[2]):
            here = (slice(row * stride, row * stride + window), slice(column * stride, column * stride + window))
            total[:, here[0], here[1]] += found[:, row, column, None, None]
            count[here] += 1
    assert count.min() >= 1
    torch.testing.assert_close(total / count, theirs[:, 0].double(), rtol=1e-5, atol=1e-6)


def test_the_batch_size_does_not_matter() -> None:
    """Windows are packed into passes of as many images as are allowed, to float64 rounding."""
    model, batch = convnet(), images()
    alone, packed = (occluded(model, batch, rows=rows, window=4) for rows in (1, 64))
    torch.testing.assert_close(alone, packed, rtol=1e-10, atol=1e-12)


def test_a_program_for_one_batch_size_gets_it() -> None:
    """The last, short pass is filled up."""
    free, fixed = convnet(), convnet(batch=3)
    batch = images()
    torch.testing.assert_close(
        occluded(fixed, batch, window=5), occluded(free, batch, window=5), rtol=1e-10, atol=1e-12
    )


@pytest.mark.parametrize(
    ("side", "window", "step", "cells"), [(28, 4, 2, 13), (224, 32, 16, 13), (32, 5, 3, 10), (299, 43, 22, 13)]
)
def test_defaults_follow_the_image(side: int, window: int, step: int, cells: int) -> None:
    """A seventh of the side and half of that: at most 14 x 14 windows on usual images, whose passes are known."""
    parameters, shape = OcclusionParameters(), (3, side, side)
    assert (parameters.side(shape), parameters.step(shape), parameters.grid(shape)) == (window, step, (cells, cells))
    assert parameters.passes(shape) == 1 + cells**2


@pytest.mark.parametrize(
    "given", [{"window": 12}, {"window": 4, "stride": 5}, {"baseline": "custom", "baseline_values": (0.5,)}]
)
def test_parameters_that_do_not_fit_the_image_are_refused(given: dict[str, object]) -> None:
    """A window that hides everything, pixels that no window hides, a fill of other channels."""
    with pytest.raises(InvalidPlan, match="does not fit"):
        occluded(convnet(), images(), **given)


@pytest.mark.parametrize("given", [{"window": 0}, {"stride": -1}, {"baseline": "grey"}, {"windows": 4}])
def test_parameters_that_mean_nothing_are_refused(given: dict[str, object]) -> None:
    """Before any model is asked."""
    with pytest.raises(ValidationError):
        OcclusionParameters.model_validate(given)


CONSTANT = -torch.ones(3, 12, 12, dtype=torch.float64)
CHECKERBOARD = (torch.arange(12)[:, None] + torch.arange(12)).remainder(2).double().expand(3, 12, 12) - 0.5


@pytest.mark.parametrize(
    ("baseline", "shift", "stays"),
    [("zero", CONSTANT, False), ("custom", CONSTANT, False), ("black", CONSTANT, True), ("mean", CONSTANT, True),
     ("black", CHECKERBOARD, False)],
)  # fmt: skip
def test_the_map_stays_iff_the_fill_moves_along(baseline: str, shift: Tensor, *, stays: bool) -> None:
    """As integrated gradients' baseline: a fixed value fails input_shift, black and mean pass a constant one."""
    model, batch = convnet(), images()
    batch = Batch((batch.x * 256).round() / 256, batch.targets, batch.index, batch.box)
    moved = Batch(batch.x + shift, batch.targets, batch.index, batch.box, shift)
    values = {"baseline_values": (0.25, 0.25, 0.25)} if baseline == "custom" else {}
    before = occluded(model, batch, window=4, baseline=baseline, **values)
    explain = build(
        [bound(Method.OCCLUSION, OcclusionParameters(window=4, baseline=baseline, **values), label="it")], model
    )
    after = explain(shifted(model, shift), moved, seed=0).maps["it"][:, 0]
    distance = float((after - before).abs().max() / before.abs().max())
    assert distance < 1e-9 if stays else distance > 0.05
