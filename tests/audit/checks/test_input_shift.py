"""Two networks that agree on x and x + m: the constructions, their precondition, and what the check measures."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.stats import spearmanr
from skimage import data
from torch import Tensor, nn

from junco.audit.checks.constructions import fold, prepend
from junco.audit.checks.input_shift import ShiftStudy, dyadic, precondition, run
from junco.audit.explain import build
from junco.audit.graph import double, load
from junco.audit.similarity.spearman import cross, prepare
from junco.audit.types import Batch, Box, Canonical, Comparison
from junco.contract.catalogue import CheckName, Method
from junco.contract.plan import Shard, ShardKind
from junco.contract.thresholds import Thresholds
from tests.audit.checks import fakes
from tests.audit.explain.models import bound, canonical, seeded
from tests.audit.graph.lifting import lifted
from tests.truth import models

Shape = tuple[int, int, int]


def valid_conv() -> nn.Module:
    """No padding at all: the only convolution for which the paper's per-channel bias is right."""
    return models._settled(
        nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10)), seed=20
    )


FOLDABLE: list[tuple[Callable[[], nn.Module], Shape]] = [
    (models.small_cnn, models.IMAGE),  # 3x3, padded with zeros
    (models.residual, models.IMAGE),  # stride 2, padded
    (models.mobile, models.IMAGE),  # a padding of its own before a strided convolution without bias
    (models.mlp, models.DIGIT),  # flattened, then linear
    (valid_conv, models.IMAGE),
]


def float64(build_: Callable[[], nn.Module], shape: Shape) -> Canonical:
    """As the check gets it."""
    return double(lifted(build_, "traced", shape))


def images(shape: Shape, n: int = 6) -> Batch:
    """Random images of multiples of 1/256 in [0, 1], float64, which the check leaves as they are."""
    x = torch.rand(n, *shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64).mul(256).round() / 256
    low, high, mean = (torch.full((shape[0],), value, dtype=torch.float64) for value in (0.0, 1.0, 0.5))
    return Batch(x, torch.arange(n) % 3, tuple(range(n)), Box(low, high, mean))


def shifts(shape: Shape) -> dict[str, Tensor]:
    """The paper's constant and checkerboard, one value a channel, and any image at all."""
    board = (torch.arange(shape[1])[:, None] + torch.arange(shape[2])).remainder(2).double()
    channels = torch.linspace(-2, 1, shape[0], dtype=torch.float64)[:, None, None]
    noise = torch.randn(shape, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    return {
        "constant": -torch.ones(shape, dtype=torch.float64), "checkerboard": board.expand(shape).clone(),
        "channels": channels.expand(shape).clone(), "any": noise,
    }  # fmt: skip


def gradient(model: Canonical, x: Tensor) -> Tensor:
    """Gradient of the sum of squared logits: every logit's signal at once."""
    x = x.clone().requires_grad_()
    (found,) = torch.autograd.grad(model.module(x).square().sum(), x)
    return found


@pytest.mark.parametrize("kind", ["constant", "checkerboard", "channels", "any"])
@pytest.mark.parametrize(("build_", "shape"), FOLDABLE)
def test_both_constructions_are_exact(build_: Callable[[], nn.Module], shape: Shape, kind: str) -> None:
    """O15: outputs and gradients of prepend, fold and the original agree to 1e-12 in float64, whatever the shift."""
    model, batch, shift = float64(build_, shape), images(shape), shifts(shape)[kind]
    outputs, slopes = model(batch.x), gradient(model, batch.x)
    for construct in (prepend, fold):
        twin = construct(model, shift)
        torch.testing.assert_close(twin(batch.x + shift), outputs, rtol=0, atol=1e-12 * float(outputs.abs().max()))
        moved = gradient(twin, batch.x + shift)
        torch.testing.assert_close(moved, slopes, rtol=0, atol=1e-12 * float(slopes.abs().max()))
        assert (twin(batch.x) - outputs).abs().max() > 1e-3 * outputs.abs().max()


@pytest.mark.parametrize(("build_", "shape"), FOLDABLE)
def test_a_construction_leaves_the_model_itself_alone(build_: Callable[[], nn.Module], shape: Shape) -> None:
    """The twin shares no weight with the original: both can be changed."""
    model, batch = float64(build_, shape), images(shape, 2)
    before, code = model(batch.x), model.module.code
    twin = fold(model, shifts(shape)["any"])
    with torch.no_grad():
        for parameter in twin.module.parameters():
            parameter.zero_()
    assert torch.equal(model(batch.x), before)
    assert model.module.code == code


def test_the_folded_bias_differs_at_a_padded_border() -> None:
    """With zero padding the first layer's answer to a constant is not constant: a map over space is needed."""
    model = float64(models.small_cnn, models.IMAGE)
    twin = fold(model, shifts(models.IMAGE)["constant"])
    response = twin.module.get_submodule("junco_shift").get_buffer("shift")
    assert response.shape == (8, 32, 32)
    inside = response[:, 1:-1, 1:-1]
    assert (inside - inside[:, :1, :1]).abs().max() < 1e-12
    assert (response[:, 0] - inside[:, :1, 0]).abs().max() > 0.1


def test_a_model_that_normalises_first_cannot_be_folded() -> None:
    """What the input meets first is no linear layer: prepend still works, fold says so."""
    model, batch = float64(models.normalising, models.IMAGE), images(models.IMAGE)
    shift = shifts(models.IMAGE)["constant"]
    assert model.first_linear is None
    with pytest.raises(ValueError, match="no linear layer first"):
        fold(model, shift)
    torch.testing.assert_close(prepend(model, shift)(batch.x + shift), model(batch.x), rtol=1e-12, atol=1e-12)


def naive(model: Canonical, shift: Tensor) -> Canonical:
    """The paper's construction taken to convolutions: b2 = b1 - sum over the window of W m."""
    module = copy.deepcopy(model.module)
    assert model.first_linear is not None
    conv = module.get_submodule(model.first_linear)
    assert isinstance(conv, nn.Conv2d)
    assert conv.bias is not None
    with torch.no_grad():
        conv.bias -= (conv.weight.sum((2, 3)) * shift[:, 0, 0]).sum(1)
    return model.with_module(module)


@pytest.mark.parametrize(("build_", "exact"), [(models.small_cnn, False), (models.residual, False), (valid_conv, True)])
def test_the_naive_bias_is_caught_by_the_precondition(build_: Callable[[], nn.Module], *, exact: bool) -> None:
    """Wrong on the border ring of a zero-padded convolution, right on a valid one; 1e-5 is the product's limit."""
    model, batch = float64(build_, models.IMAGE), images(models.IMAGE)
    for kind in ("constant", "channels"):
        shift = shifts(models.IMAGE)[kind]
        found = precondition(model, naive(model, shift), batch, shift=shift, seed=0)
        assert (found["difference"] <= Thresholds().shift_precondition) is exact
        assert found["argmax_equal"] or not exact


def test_the_precondition_also_looks_beyond_the_images() -> None:
    """A twin that is right on black images only is caught on random inputs."""
    model = float64(models.small_cnn, models.IMAGE)
    batch = images(models.IMAGE)
    black = replace(batch, x=torch.zeros_like(batch.x))
    shift = torch.zeros(models.IMAGE, dtype=torch.float64)
    module = copy.deepcopy(model.module)
    with torch.no_grad():
        conv = module.get_submodule(str(model.first_linear))
        assert isinstance(conv, nn.Conv2d)
        conv.weight += 0.3  # no effect on black
    twin = model.with_module(module)
    assert torch.allclose(twin(black.x), model(black.x), atol=1e-12)
    assert precondition(model, twin, black, shift=shift, seed=0)["difference"] > 1e-3
    assert precondition(model, twin, black, shift=shift, seed=0, random_inputs=0)["difference"] < 1e-12


def test_a_changed_prediction_is_told() -> None:
    """Outputs that are close and cross: argmax_equal is false."""
    model = canonical(seeded(nn.Sequential(nn.Flatten(), nn.Linear(4, 2))), (1, 2, 2))
    with torch.no_grad():
        linear = model.submodule("1")
        assert isinstance(linear, nn.Linear)
        linear.weight[1] = linear.weight[0]
        linear.bias.copy_(torch.tensor([1e-9, 0.0]))
    other = copy.deepcopy(model.module)
    with torch.no_grad():
        other.get_parameter("1.bias").copy_(torch.tensor([0.0, 1e-9]))
    shift = torch.zeros(1, 2, 2, dtype=torch.float64)
    found = precondition(model, model.with_module(other), images((1, 2, 2)), shift=shift, seed=0)
    assert found["difference"] < 1e-5
    assert found["argmax_equal"] is False


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
