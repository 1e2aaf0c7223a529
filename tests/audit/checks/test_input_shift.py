"""Two networks that agree on x and x + m: what the check measures."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.stats import spearmanr
from skimage import data
from torch import nn

from junco.audit.checks.dyadic import dyadic
from junco.audit.checks.input_shift import ShiftStudy, run
from junco.audit.explain import build
from junco.audit.graph import double, load
from junco.audit.maps import Comparison
from junco.audit.model import Canonical
from junco.audit.similarity.spearman import cross, prepare
from junco.contract.catalogue import CheckName, Method
from junco.contract.plan import Shard, ShardKind
from tests.audit.checks import fakes
from tests.audit.checks.shifting import float64, images, shifts
from tests.audit.explain.models import bound
from tests.truth import models


def study(model: Canonical, names: Sequence[Method]) -> ShiftStudy:
    """Real methods on a float64 model."""
    return ShiftStudy(
        model=model, explainer=build([bound(name) for name in names], model),
        comparison=Comparison(prepare=prepare, cross=cross), seed=0,
    )  # fmt: skip


def shard(n: int) -> Shard:
    """The whole check."""
    return Shard(index=0, check=CheckName.INPUT_SHIFT, kind=ShardKind.SHIFT, images=tuple(range(n)), cost=2 * n + 1)


NAMES = (Method.GRADIENT, Method.INPUT_X_GRADIENT, Method.GUIDED_BACKPROP, Method.GRAD_CAM)


@pytest.mark.parametrize("construction", ["prepend", "fold"])
def test_the_figures_are_those_of_the_maps(construction: str) -> None:
    """O3 and the formulas: d = max|A1 - A2| / max|A1|, rho by scipy; GxI differs by exactly grad * m."""
    model, batch = float64(models.small_cnn, models.IMAGE), images(models.IMAGE)
    batch = replace(batch, x=dyadic(batch.x))  # as the check itself rounds them
    shift, ticks = shifts(models.IMAGE)["constant"], list[int]()
    ready = replace(study(model, NAMES), construction=construction, tick=ticks.append)  # type: ignore[arg-type]
    partial = run(shard(6), ready, batch, shift=shift, keep=2)
    plain = build([bound(Method.GRADIENT)], model)(model, batch, seed=0).maps["gradient"]
    before, after = (batch.x * plain).sum(1), ((batch.x + shift) * plain).sum(1)
    difference, rho = (partial.arrays["input_x_gradient", name] for name in ("difference", "rho"))
    for i in range(6):
        expected = (before[i] - after[i]).abs().max() / before[i].abs().max()
        assert difference[i] == pytest.approx(expected.item(), rel=1e-9)
        assert rho[i] == pytest.approx(spearmanr(before[i].ravel(), after[i].ravel()).statistic, abs=1e-6)
    for name in (Method.GRADIENT, Method.GUIDED_BACKPROP, Method.GRAD_CAM):
        assert partial.arrays[name, "difference"].max() < 1e-11
        assert partial.arrays[name, "rho"].min() > 0.999
    kept = partial.arrays["input_x_gradient", "maps"]
    np.testing.assert_allclose(kept, torch.stack([before[:2], after[:2]], 1).numpy(), rtol=1e-5, atol=1e-6)
    assert sum(ticks) == 13
    assert partial.facts["construction"] == construction
    assert partial.facts["dtype"] == "float64"
    assert partial.facts["shift"] == [-1.0, -1.0, -1.0]


def untrained() -> nn.Module:
    """Three convolutions with max-pooling between, as torch draws them."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(
            *(nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1)),
            *(nn.Flatten(), nn.Linear(32, 10)),
        ).eval()


def test_flat_regions_keep_their_gradient() -> None:
    """Flat regions tie max-pooling; the shift must not break the ties by rounding, so the gradient stays exact."""
    shape = (3, 96, 96)
    model = double(load(models.as_torchscript(untrained(), shape, "traced"), input_shape=shape))
    model.module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in the stubs
    photos = [np.asarray(Image.fromarray(p).resize(shape[1:])) / 255 for p in (data.rocket(), data.astronaut())]
    mean, std = (torch.tensor(v).double()[:, None, None] for v in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
    x = (torch.from_numpy(np.stack(photos)).permute(0, 3, 1, 2) - mean) / std
    x = x.contiguous(memory_format=torch.channels_last)
    batch = replace(images(shape, 2), x=x, targets=model(x).argmax(1))
    partial = run(shard(2), study(model, [Method.GRADIENT]), batch, shift=(-1 / std).expand(shape).clone())
    assert partial.arrays["gradient", "difference"].max() == 0


def test_facts_hold_the_precondition_of_every_possible_construction() -> None:
    """Both where the first layer is linear, prepend alone where it is not."""
    for build_, expected in ((models.small_cnn, {"prepend", "fold"}), (models.normalising, {"prepend"})):
        model, shift = float64(build_, models.IMAGE), shifts(models.IMAGE)["constant"]
        facts = run(shard(3), study(model, [Method.GRADIENT]), images(models.IMAGE, 3), shift=shift).facts
        held = facts["preconditions"]
        assert isinstance(held, dict)
        assert set(held) == expected
        assert all(seen["difference"] < 1e-12 and seen["argmax_equal"] for seen in held.values())


def test_maps_of_zero_have_no_difference() -> None:
    """A zero map has nothing to be measured against: NaN; a constant one has a difference and no rank."""
    model, batch = float64(models.small_cnn, models.IMAGE), images(models.IMAGE, 3)
    methods = {
        "zero": (fakes.SIGNED, lambda _m, b, _s: torch.zeros_like(b.x)),
        "flat": (fakes.SIGNED, lambda _m, b, _s: torch.ones_like(b.x)),
    }
    ready = replace(study(model, [Method.GRADIENT]), explainer=fakes.Fake(methods))
    arrays = run(shard(3), ready, batch, shift=shifts(models.IMAGE)["constant"]).arrays
    assert np.isnan(arrays["zero", "difference"]).all()
    assert arrays["flat", "difference"].tolist() == [0.0, 0.0, 0.0]
    assert np.isnan(arrays["flat", "rho"]).all()
