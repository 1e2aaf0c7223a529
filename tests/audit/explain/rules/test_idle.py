"""Preflight of rules: what is sound has no problem, an idle rule and a map that lost its sum are told."""

import pytest
import torch
from torch import nn

from junco.audit.explain import Pass, preflight
from junco.audit.explain.rules.idle import idle
from junco.contract.catalogue import DeepLiftParameters, Method
from junco.contract.thresholds import Thresholds
from tests.audit.explain.models import bound, convnet, images, preactivation
from tests.audit.explain.rules import nets

RULES = [
    Method.DECONVOLUTION, Method.DEEP_LIFT, Method.LRP_EPSILON, Method.LRP_GAMMA, Method.LRP_Z_PLUS,
    Method.LRP_ALPHA2_BETA1, Method.DEEP_TAYLOR, Method.EXCITATION_BACKPROP, Method.PATTERN_NET,
    Method.PATTERN_ATTRIBUTION,
]  # fmt: skip
SUMMED = [
    Method.DEEP_LIFT, Method.LRP_EPSILON, Method.LRP_GAMMA, Method.LRP_Z_PLUS, Method.LRP_ALPHA2_BETA1,
    Method.DEEP_TAYLOR,
]  # fmt: skip


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_sound_rules_have_no_problems(dtype: torch.dtype) -> None:
    """All rules on a row of layers and on skips with ReLU6; sums are met to 1e-4 in float32, 1e-12 in float64."""
    for model in (convnet(dtype=dtype), preactivation(dtype=dtype)):
        found = preflight([bound(name) for name in RULES], model, images(dtype=dtype))
        assert {label: seen.problems for label, seen in found.items() if seen.problems} == {}
        limit = 1e-4 if dtype is torch.float32 else 1e-12
        assert all(found[name].figures["completeness"] < limit for name in SUMMED)
    assert found["deconvolution"].figures["captum_distance"] < 1e-4


def test_epsilon_is_compared_with_input_x_gradient_where_it_must_equal_it() -> None:
    """By Captum on a network of ReLUs; not behind a ReLU6, nor for a large epsilon."""
    method = bound(Method.LRP_EPSILON)
    assert preflight([method], convnet(), images())[method.label].figures["captum_distance"] < 1e-4
    assert "captum_distance" not in preflight([method], preactivation(), images())[method.label].figures


def test_deep_lift_is_compared_with_captum_where_captum_is_complete() -> None:
    """On a row of layers without maxima."""
    method = bound(Method.DEEP_LIFT, DeepLiftParameters(baseline="mean"))
    model = nets.chain(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 4))
    assert preflight([method], model, images(3, nets.SHAPE))[method.label].figures["captum_distance"] < 1e-9
    assert "captum_distance" not in preflight([method], convnet(), images())[method.label].figures


def test_a_map_that_is_the_chain_rules_is_told() -> None:
    """The gradient in place of Deconvolution's map, and Input x Gradient in place of a rule that parts signs."""
    run = Pass(convnet(), images())
    for name in (Method.LRP_Z_PLUS, Method.LRP_ALPHA2_BETA1, Method.DEEP_TAYLOR):
        assert "Input x Gradient" in str(idle(run, name, run.x * run.gradient))
        assert idle(run, name, nets.drawn(run.model, run.batch, name)) is None
    assert "plain gradient" in str(idle(run, Method.DECONVOLUTION, run.gradient))


def test_deconvolution_may_be_the_gradient_where_no_relu_turns_anything() -> None:
    """Weights and images above zero: every ReLU is open and every signal positive."""
    model = nets.chain(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 4))
    with torch.no_grad():
        for parameter in model.module.parameters():
            parameter.abs_()
    run = Pass(model, images(2, nets.SHAPE))
    assert torch.equal(nets.drawn(model, run.batch, Method.DECONVOLUTION), run.gradient)
    assert idle(run, Method.DECONVOLUTION, run.gradient) is None


def test_a_map_that_misses_its_sum_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the relevance lost on the way is over the limit of 5 %."""
    from dataclasses import replace

    from junco.audit.explain import registry

    entry = registry.REGISTRY[Method.LRP_Z_PLUS]
    leaky = replace(entry, run=lambda run, parameters: 0.9 * entry.run(run, parameters))
    monkeypatch.setitem(registry._ENTRIES, Method.LRP_Z_PLUS, leaky)
    (problem,) = preflight([bound(Method.LRP_Z_PLUS)], convnet(), images(), limits=Thresholds())["lrp_z_plus"].problems
    assert problem == "the map misses 10.0% of the logit that it should sum to"
