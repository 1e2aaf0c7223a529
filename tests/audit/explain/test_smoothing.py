"""The softplus twin: O18, the guided rule, sharing, refusals."""

from collections.abc import Callable

import captum.attr
import pytest
import torch
from torch import nn

from junco.audit.explain import Pass, build, refusal
from junco.audit.explain.smoothing import softened
from junco.audit.graph import Ceiling, load
from junco.audit.model import Canonical
from junco.contract.catalogue import (
    METHODS,
    BetaParameters,
    CamParameters,
    IntegratedGradientsParameters,
    Method,
    SmoothGradParameters,
    VarGradParameters,
)
from tests.audit.explain.models import SumPool, bound, canonical, convnet, images, layer_sum, preactivation, seeded
from tests.truth import models
from tests.truth.transformers import Spelling, vit

SMOOTHABLE = [name for name in Method if issubclass(METHODS[name].parameters, BetaParameters)]
ON_CNNS = [name for name in SMOOTHABLE if name is not Method.ATTENTION_RELEVANCE]


def test_one_neuron_has_the_slope_of_a_sigmoid() -> None:
    """O18: relu(w'x + b) becomes a unit of gradient w * sigmoid(beta (w'x + b))."""
    net = seeded(nn.Sequential(nn.Flatten(), nn.Linear(432, 3), nn.ReLU()))
    model, batch = canonical(net), images()
    found = build([bound(Method.GRADIENT, BetaParameters(beta=0.8))], model)(model, batch, seed=0).maps["gradient"]
    first = net[1]
    z = (first(batch.x.flatten(1))).gather(1, batch.targets[:, None])
    expected = torch.sigmoid(0.8 * z) * first.weight[batch.targets]
    torch.testing.assert_close(found.flatten(1), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", [Method.GRADIENT, Method.GUIDED_BACKPROP, Method.INPUT_X_GRADIENT])
@pytest.mark.parametrize("make", [convnet, preactivation])
def test_a_large_beta_is_the_network_itself(name: Method, make: Callable[[], Canonical]) -> None:
    """O18: the distance to the plain map falls with beta and is gone at 1e4, where no pre-activation is within 1e-3."""
    model, batch = make(), images()
    plain = build([bound(name)], model)(model, batch, seed=0).maps[name]
    away = {}
    for beta in (1.0, 30.0, 1e4):
        method = bound(name, BetaParameters(beta=beta), label="soft")
        away[beta] = (build([method], model)(model, batch, seed=0).maps["soft"] - plain).norm() / plain.norm()
    assert away[1.0] > away[30.0] > away[1e4]
    assert away[1e4] < 0.03


def test_the_guided_rule_is_smoothed_as_in_the_paper() -> None:
    """R_in = sigmoid(beta z) * softplus_beta(R_out), re-derived for one convolution under a sum, where R_out = 1."""
    model, conv = layer_sum()
    batch, beta = images(3, (2, 6, 6)), 2.0
    parameters = BetaParameters(beta=beta)
    found = build([bound(Method.GUIDED_BACKPROP, parameters)], model)(model, batch, seed=0).maps["guided_backprop"]
    z = conv(batch.x)
    signal = torch.zeros_like(z)
    for i, target in enumerate(batch.targets):
        signal[i, target] = 1.0
    through = torch.log1p(torch.exp(beta * signal)) / beta * torch.sigmoid(beta * z)
    expected = torch.nn.functional.conv_transpose2d(through, conv.weight, padding=1)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-13)


def test_the_ceiling_of_a_relu6_is_smoothed_as_a_relu() -> None:
    """min(z, 6) = 6 - relu(6 - z), whose twin has slope sigmoid(beta (6 - z))."""
    net = nn.Sequential(nn.Conv2d(3, 3, 1), nn.ReLU(), SumPool())
    net.insert(2, Ceiling(6.0))
    model, batch = canonical(seeded(net)), images(2)
    beta = 1.5
    z = 5 * batch.x
    with softened(model.module, beta):
        found = model.submodule("2")(z)
    torch.testing.assert_close(found, 6 - torch.log1p(torch.exp(beta * (6 - z))) / beta, rtol=1e-12, atol=1e-13)
    assert torch.equal(model.submodule("2")(z), z.clamp(max=6))


@pytest.mark.parametrize("name", ON_CNNS)
def test_every_gradient_method_takes_beta_and_leaves_the_classifier_alone(name: Method) -> None:
    """Maps differ, logits do not by a bit, and the model has no hook left."""
    model, batch = convnet(), images(2)
    fields = METHODS[name].parameters.model_fields
    short = {key: value for key, value in {"samples": 3, "steps": 4}.items() if key in fields}
    plain = bound(name, METHODS[name].parameters.model_validate(short), label="plain")
    soft = bound(name, METHODS[name].parameters.model_validate(short | {"beta": 1.0}), label="soft")
    alone = build([plain], model)(model, batch, seed=2)
    both = build([plain, soft], model)(model, batch, seed=2)
    assert torch.equal(both.maps["plain"], alone.maps["plain"])
    assert torch.equal(both.logits, alone.logits)
    assert (both.maps["soft"] - both.maps["plain"]).abs().max() > 0.01 * both.maps["plain"].abs().max()
    assert not any(part._forward_hooks for part in model.module.modules())


def test_the_list_of_smoothable_methods() -> None:
    """Every gradient-type method is one."""
    assert set(SMOOTHABLE) == {
        Method.GRADIENT,
        Method.INPUT_X_GRADIENT,
        Method.INTEGRATED_GRADIENTS,
        Method.SMOOTHGRAD,
        Method.VARGRAD,
        Method.INTEGRATED_GRADIENTS_SMOOTHGRAD,
        Method.GRADIENT_SHAP,
        Method.EXPECTED_GRADIENTS,
        Method.GUIDED_BACKPROP,
        Method.GRAD_CAM,
        Method.GRAD_CAM_PLUS_PLUS,
        Method.LAYER_CAM,
        Method.GUIDED_GRAD_CAM,
        Method.ATTENTION_RELEVANCE,
    }


def test_one_beta_shares_and_two_do_not() -> None:
    """At beta 1 gradient, its product, SmoothGrad and VarGrad take one pass and the draws; another beta pays anew."""
    model, batch, calls = convnet(), images(2), []
    one = [
        bound(Method.GRADIENT, BetaParameters(beta=1)),
        bound(Method.INPUT_X_GRADIENT, BetaParameters(beta=1)),
        bound(Method.GUIDED_BACKPROP, BetaParameters(beta=1)),
        bound(Method.SMOOTHGRAD, SmoothGradParameters(beta=1, samples=4)),
        bound(Method.VARGRAD, VarGradParameters(beta=1, samples=4)),
    ]
    model.submodule("0").register_forward_pre_hook(lambda module, inputs: calls.append(len(inputs[0])))
    build(one, model)(model, batch, seed=0)
    assert sum(calls) == 2 * (1 + 1 + 4)
    calls.clear()
    build([*one, bound(Method.GRADIENT, BetaParameters(beta=2), label="other")], model)(model, batch, seed=0)
    assert sum(calls) == 2 * (1 + 1 + 4 + 1)


def test_the_twin_is_complete_in_its_own_logits() -> None:
    """Integrated Gradients at beta 1 sum to what the twin's logit climbs, Captum on a softplus copy agreeing."""
    batch, beta = images(3), 1.0
    model = convnet()
    parameters = IntegratedGradientsParameters(steps=20, beta=beta)
    found = build([bound(Method.INTEGRATED_GRADIENTS, parameters)], model)(model, batch, seed=0)
    twin = nn.Sequential(
        *(nn.Softplus(beta) if isinstance(part, nn.ReLU) else part for part in model.module.children())
    )
    theirs = captum.attr.IntegratedGradients(twin).attribute(batch.x, 0, batch.targets, n_steps=20)
    torch.testing.assert_close(found.maps["integrated_gradients"], theirs.detach(), rtol=1e-5, atol=1e-7)
    climbed = (twin(batch.x) - twin(0 * batch.x)).gather(1, batch.targets[:, None])[:, 0]
    torch.testing.assert_close(theirs.sum((1, 2, 3)), climbed, rtol=1e-5, atol=1e-6)


def test_a_softplus_far_from_zero_is_its_argument() -> None:
    """No overflow at the largest beta, in either precision."""
    model, batch = convnet(dtype=torch.float32), images(2)
    run = Pass(model, batch.__class__(1e3 * batch.x.float(), batch.targets, batch.index, batch.box)).smoothed(1e4)
    assert run.gradient.isfinite().all()


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (nn.LeakyReLU(), "beta is defined for ReLU only, and the model has LeakyReLU"),
        (nn.GELU(), "beta changes nothing in a model without a ReLU"),
    ],
)
def test_beta_is_refused_where_it_means_nothing(layer: nn.Module, reason: str) -> None:
    """With the reason, before any work; without beta the method is available."""
    model = canonical(seeded(nn.Sequential(nn.Flatten(), nn.Linear(432, 5), layer, nn.Linear(5, 3))))
    assert refusal(bound(Method.GRADIENT, BetaParameters(beta=1)), model) == reason
    assert refusal(bound(Method.GRADIENT), model) is None


@pytest.mark.parametrize(
    "name", [Method.GRAD_CAM, Method.GRAD_CAM_PLUS_PLUS, Method.LAYER_CAM], ids=["plain", "plus_plus", "layer"]
)
@pytest.mark.parametrize("layer", ["1", "4"])
def test_a_cam_of_the_twin_is_the_cam_of_a_softplus_network(name: Method, layer: str) -> None:
    """Activations and gradients are both the twin's, at an early and at the last layer."""
    model, batch, beta = convnet(), images(3), 1.5
    net = [nn.Softplus(beta) if isinstance(part, nn.ReLU) else part for part in model.module.children()]
    twin = canonical(nn.Sequential(*net), spatial=("1", "4"))
    soft = CamParameters(layer=layer, beta=beta)
    found = build([bound(name, soft)], model)(model, batch, seed=0).maps[name]
    expected = build([bound(name, CamParameters(layer=layer))], twin)(twin, batch, seed=0).maps[name]
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)
    assert found.max() > 0


def test_a_guided_cam_of_the_twin_has_both_factors_of_it() -> None:
    """Guided Backpropagation at beta times Grad-CAM at beta, enlarged."""
    model, batch, beta = convnet(), images(3), 1.5
    soft = CamParameters(beta=beta)
    methods = [
        bound(Method.GUIDED_GRAD_CAM, soft),
        bound(Method.GRAD_CAM, soft),
        bound(Method.GUIDED_BACKPROP, BetaParameters(beta=beta)),
    ]
    maps = build(methods, model)(model, batch, seed=0).maps
    cam = nn.functional.interpolate(maps["grad_cam"], (12, 12), mode="bilinear")
    torch.testing.assert_close(maps["guided_grad_cam"], maps["guided_backprop"] * cam, rtol=1e-12, atol=1e-13)


def test_attention_relevance_of_the_twin_is_that_of_a_softplus_transformer() -> None:
    """The gradient of attention goes through the blocks' ReLUs, which softplus stands in for: 1e-4 in float32."""
    data = {
        curve: models.as_torchscript(vit(Spelling(curve=curve)), models.IMAGE, "traced")
        for curve in ("relu", "softplus")
    }
    model, twin = (load(file, input_shape=models.IMAGE) for file in data.values())
    batch = images(3, models.IMAGE, dtype=torch.float32)
    method = bound(Method.ATTENTION_RELEVANCE, BetaParameters(beta=1.0), label="it")
    found = build([method], model)(model, batch, seed=0).maps["it"]
    plain, expected = (
        build([bound(Method.ATTENTION_RELEVANCE)], net)(net, batch, seed=0).maps["attention_relevance"]
        for net in (model, twin)
    )
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4 * float(expected.max()))
    assert (found - plain).abs().max() > 0.01 * plain.abs().max()
