"""Patterns against covariances by hand, and what PatternNet and PatternAttribution make of them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from junco.audit.batch import Batch
from junco.audit.explain import Pass, build
from junco.audit.explain.rules.parts import Anatomy
from junco.audit.explain.rules.patterns import patterns
from junco.audit.model import Canonical
from junco.contract.catalogue import Method, PatternParameters
from junco.contract.errors import InvalidPlan
from tests.audit.explain.models import bound, convnet, images
from tests.audit.explain.rules import nets


def plain(*, bias: float = 0.2) -> Canonical:
    """A linear layer behind a ReLU, and one at the end."""
    return nets.chain(nn.Flatten(), nn.Linear(192, 5), nn.ReLU(), nn.Linear(5, 4), bias=bias)


def by_hand(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray, *, active: bool, centred: np.ndarray | None = None
) -> np.ndarray:
    """cov(x, y) / w' cov(x, y) for every unit, over the rows where it is active or over all, of ``centred`` inputs."""
    moving = x if centred is None else centred
    found = np.zeros_like(weight)
    for j, (w, b) in enumerate(zip(weight, bias, strict=True)):
        y = x @ w + b
        rows = y > 0 if active else np.ones(len(y), bool)
        if rows.any():
            moved = ((moving[rows] - moving[rows].mean(0)) * (y[rows] - y[rows].mean())[:, None]).mean(0)
            found[j] = moved / (w @ moved) if (w @ moved) > 1e-12 else 0
    return found


def fitted(model: Canonical, x: torch.Tensor) -> list[torch.Tensor]:
    """Patterns in the order of the layers, fitted in parts of 7."""
    anatomy = Anatomy(model.graph_module)
    found = patterns(anatomy, [(part, len(part)) for part in torch.split(x, 7)])
    return [found[last] for last in anatomy.chains]


def test_patterns_are_covariances_where_a_unit_is_active() -> None:
    """Both layers of a perceptron, to 1e-9, however the images are divided into parts."""
    model, x = plain(), images(40, nets.SHAPE).x
    first, last = fitted(model, x)
    state = {name: value.numpy() for name, value in model.module.state_dict().items()}
    flat = x.flatten(1).numpy()
    hidden = np.maximum(flat @ state["1.weight"].T + state["1.bias"], 0)
    expected = by_hand(flat, state["1.weight"], state["1.bias"], active=True)
    np.testing.assert_allclose(first.numpy(), expected, rtol=1e-7, atol=1e-9)
    expected = by_hand(hidden, state["3.weight"], state["3.bias"], active=False)
    np.testing.assert_allclose(last.numpy(), expected, rtol=1e-7, atol=1e-9)


def test_patterns_of_a_convolution_are_those_of_its_windows() -> None:
    """Unfolded windows of a strided, grouped convolution are rows of a linear layer, less each place's mean."""
    model = nets.chain(
        nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2), nn.ReLU(), nn.Flatten(), nn.Linear(96, 4), shape=(4, 8, 8)
    )
    x = images(12, (4, 8, 8)).x
    found, _ = fitted(model, x)
    weight, bias = model.module.get_parameter("0.weight"), model.module.get_parameter("0.bias")
    for group in range(2):
        channels = x[:, 2 * group : 2 * group + 2]
        rows, centred = (
            nn.functional.unfold(part, 3, padding=1, stride=2).transpose(1, 2).flatten(0, 1).numpy()
            for part in (channels, channels - channels.mean(0))
        )
        units = slice(3 * group, 3 * group + 3)
        wanted = weight[units].flatten(1).numpy(), bias[units].numpy()
        expected = by_hand(rows, *wanted, active=True, centred=centred)
        np.testing.assert_allclose(found[units].flatten(1).numpy(), expected, rtol=1e-7, atol=1e-9)


def test_a_pattern_is_the_signal_and_not_the_weight() -> None:
    """x = a s + distractor: the pattern is a, though the weight has to cancel the distractor (the paper's figure 1)."""
    model = nets.chain(nn.Flatten(), nn.Linear(2, 1), shape=(1, 1, 2))
    with torch.no_grad():
        model.module.get_parameter("1.weight").copy_(torch.tensor([[1.0, -1.0]]))
    draw = torch.randn(2, 4000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x = draw[0][:, None] * torch.tensor([1.0, 0.0]) + draw[1][:, None] * torch.tensor([1.0, 1.0])
    (found,) = fitted(model, x.view(-1, 1, 1, 2))
    torch.testing.assert_close(found, torch.tensor([[1.0, 0.0]]).double(), rtol=0, atol=0.05)


def test_the_maps_carry_patterns_and_weighted_patterns() -> None:
    """z_c A1' (m * A2_c), and with w * a in place of a, m the open ReLUs: to 1e-9."""
    model, batch = plain(), images(3, nets.SHAPE)
    others = images(30, nets.SHAPE).x
    batch = replace(batch, references=others)
    first, last = fitted(model, others)
    weights = [model.module.get_parameter(name) for name in ("1.weight", "3.weight")]
    with torch.no_grad():
        opened = (batch.x.flatten(1) @ weights[0].T + model.module.get_parameter("1.bias") > 0).double()
    logit = nets.scores(model, batch)[:, None]
    for name, (low, high) in {
        Method.PATTERN_NET: (first, last),
        Method.PATTERN_ATTRIBUTION: (first * weights[0], last * weights[1]),
    }.items():
        expected = (logit * high[batch.targets] * opened) @ low
        found = nets.drawn(model, batch, name).flatten(1)
        torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-10 * float(expected.abs().max()))


def test_patterns_are_fitted_anew_for_other_weights() -> None:
    """One fit a call and model: halving the first layer's weights doubles its patterns, in the next call."""
    model, batch = plain(bias=0.0), replace(images(2, nets.SHAPE), references=images(30, nets.SHAPE).x)
    explain = build([bound(Method.PATTERN_NET)], model)
    before = explain(model, batch, seed=0)
    with torch.no_grad():
        model.module.get_parameter("1.weight").mul_(0.5)
    after = explain(model, batch, seed=0)
    # The first layer's patterns double, the last one's too, as its input is halved; the logit halves.
    ratio = after.maps["pattern_net"] / before.maps["pattern_net"]
    logits = after.logits / before.logits
    expected = 2 * logits.gather(1, batch.targets[:, None])[:, :, None, None].expand_as(ratio)
    torch.testing.assert_close(ratio, expected, rtol=1e-6, atol=0)


def test_a_call_fits_once_for_all_its_parts() -> None:
    """Passes of two images of one call share a fit."""
    model, batch = convnet(), images(5)
    kept: dict[object, object] = {}
    one = Pass(model, batch.rows(0, 2), kept=kept)
    bound(Method.PATTERN_NET).entry.run(one, PatternParameters())
    (fit,) = kept.values()
    bound(Method.PATTERN_ATTRIBUTION).entry.run(Pass(model, batch.rows(2, 5), kept=kept), PatternParameters())
    assert list(kept.values()) == [fit]


def test_too_few_images_are_refused() -> None:
    """Nine images, or no plan at all: a named error with both numbers, and the parameters say so beforehand."""
    model, batch = plain(), images(2, nets.SHAPE)
    for references, count in ((batch.references[:9] if batch.references is not None else None, "9"), (None, "0")):
        with pytest.raises(InvalidPlan, match="so few images") as caught:
            nets.drawn(model, replace(batch, references=references), Method.PATTERN_NET)
        assert (caught.value.expected, caught.value.found) == ("at least 10 images", count)
    assert PatternParameters().least_images() == 10


def test_signals_that_grow_beyond_float32_stay_numbers() -> None:
    """Sixty layers of means: every pattern is 1, so that the signal grows 192 times a layer. Up to a factor the map is
    the first layer's pattern, cov(x, mean) of the image's places, to 1e-3 in float32."""
    layers = [part for _ in range(60) for part in (nn.Linear(192, 192, bias=False), nn.ReLU())][:-1]
    model, batch = nets.chain(nn.Flatten(), *layers), images(2, nets.SHAPE)
    with torch.no_grad():
        for parameter in model.module.parameters():
            parameter.fill_(1 / 192)
    others = images(30, nets.SHAPE).x
    single = model.with_module(model.graph_module.float())
    made = Batch(batch.x.float(), batch.targets, batch.index, batch.box, references=others.float())
    maps = nets.drawn(single, made, Method.PATTERN_NET).double().flatten(1)
    flat = others.flatten(1)
    pattern = ((flat - flat.mean(0)) * (flat.mean(1) - flat.mean())[:, None]).mean(0)
    assert maps.isfinite().all()
    assert torch.cosine_similarity(maps, pattern[None]).min() > 1 - 1e-3
