"""Grad-CAM++, LayerCAM and Score-CAM: naive loops over images, channels and places."""

import math

import captum.attr
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn
from torch.nn.functional import interpolate

from junco.audit.batch import Batch
from junco.audit.explain import Pass, build, refusal
from junco.audit.model import Canonical
from junco.contract.catalogue import CamParameters, Method, MethodParameters, ScoreCamParameters
from junco.contract.errors import InvalidPlan
from tests.audit.explain.models import SumPool, bound, canonical, convnet, images, seeded


def explained(
    model: Canonical, batch: Batch, name: Method, parameters: MethodParameters | None = None, *, rows: int = 32
) -> Tensor:
    """One method's maps."""
    return build([bound(name, parameters, label="it")], model, batch_size=rows)(model, batch, seed=0).maps["it"]


def layer(batch: Batch, *, last: int = 5) -> tuple[Tensor, Tensor]:
    """Activations and gradients of the test network's last ReLU, by cutting the network there."""
    parts = list(convnet().module.children())
    activations = nn.Sequential(*parts[:last])(batch.x).requires_grad_()
    logits = nn.Sequential(*parts[last:])(activations)
    (signal,) = torch.autograd.grad(logits.gather(1, batch.targets[:, None]).sum(), activations)
    return activations.detach(), signal


def test_layer_cam_is_the_sum_of_positive_gradients_times_activations() -> None:
    """Equal to Captum's layer GradientXActivation with the negative gradients cut, place by place."""
    model, batch = convnet(), images()
    activations, signal = layer(batch)
    expected = torch.zeros(5, 1, 6, 6, dtype=torch.float64)
    for k in range(8):
        expected[:, 0] += signal[:, k].clamp(min=0) * activations[:, k]
    found = explained(model, batch, Method.LAYER_CAM)
    torch.testing.assert_close(found, expected.clamp(min=0), rtol=1e-12, atol=1e-13)
    product = captum.attr.LayerGradientXActivation(model.module, model.submodule("4"))
    theirs = product.attribute(batch.x.clone(), batch.targets).detach()
    torch.testing.assert_close(found, theirs.clamp(min=0).sum(1, keepdim=True), rtol=1e-12, atol=1e-13)


def test_grad_cam_plus_plus_is_equation_19() -> None:
    """alpha_ij = g^2 / (2 g^2 + sum_ab a_ab g^3), w = sum_ij alpha_ij max(g, 0), by loops over images and channels."""
    model, batch = convnet(), images(3)
    activations, signal = layer(batch)
    expected = torch.zeros(3, 1, 6, 6, dtype=torch.float64)
    for i in range(3):
        for k in range(8):
            a, weight = activations[i, k], 0.0
            for g in signal[i, k].flatten().tolist():
                bottom = 2 * g**2 + float(a.sum()) * g**3
                weight += (g**2 / bottom if bottom else 0.0) * max(g, 0.0)
            expected[i, 0] += weight * a
    found = explained(model, batch, Method.GRAD_CAM_PLUS_PLUS)
    torch.testing.assert_close(found, expected.clamp(min=0), rtol=1e-10, atol=1e-12)
    assert found.max() > 0


def test_no_gradient_is_no_weight() -> None:
    """A class that reads nothing of the layer has an empty map, without a division by zero."""
    net = seeded(nn.Sequential(nn.Conv2d(3, 3, 3), nn.ReLU(), SumPool(), nn.Linear(3, 3)))
    net[3].weight.data.zero_()
    model, batch = canonical(net, spatial=("1",)), images(2)
    for name in (Method.GRAD_CAM_PLUS_PLUS, Method.LAYER_CAM):
        assert not explained(model, batch, name).any()


def score_cam(batch: Batch, channels: list[list[int]], *, start: float = 0.0) -> Tensor:
    """Score-CAM by loops over images and channels."""
    model = convnet()
    activations, _ = layer(batch)
    found = torch.zeros(len(batch), 1, 6, 6, dtype=torch.float64)
    for i in range(len(batch)):
        scores = {}
        for k in channels[i]:
            a = activations[i, k]
            if a.max() == a.min():
                continue
            mask = interpolate(((a - a.min()) / (a.max() - a.min()))[None, None], (12, 12), mode="bilinear")
            seen = start + mask * (batch.x[i : i + 1] - start)
            scores[k] = float(model(seen)[0, batch.targets[i]])
        total = sum(math.exp(score) for score in scores.values())
        for k, score in scores.items():
            found[i, 0] += math.exp(score) / total * activations[i, k]
    return found.clamp(min=0)


@pytest.mark.parametrize("baseline", ["zero", "mean"])
def test_score_cam_weighs_channels_by_what_they_leave_of_the_score(baseline: str) -> None:
    """All channels, from a zero baseline as in the paper and from a mean one."""
    model, batch = convnet(), images(3)
    found = explained(model, batch, Method.SCORE_CAM, ScoreCamParameters.model_validate({"baseline": baseline}), rows=7)
    expected = score_cam(batch, [list(range(8))] * 3, start=0.5 if baseline == "mean" else 0.0)
    torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-13)
    assert found.max() > 0


def test_the_channels_of_largest_variance_vote() -> None:
    """Three of eight, chosen for each image by itself."""
    model, batch = convnet(), images(3)
    activations, _ = layer(batch)
    spread = activations.flatten(2).var(2)
    chosen = [sorted(range(8), key=lambda k, i=i: -float(spread[i, k]))[:3] for i in range(3)]
    found = explained(model, batch, Method.SCORE_CAM, ScoreCamParameters(channels=3))
    torch.testing.assert_close(found, score_cam(batch, chosen), rtol=1e-11, atol=1e-13)


def test_score_cam_spends_a_forward_pass_a_channel_in_full_batches() -> None:
    """Eight channels of two images in passes of 6 rows, after the pass that gives the channels."""
    model, batch, sizes = convnet(), images(2), []
    model.submodule("0").register_forward_pre_hook(lambda module, inputs: sizes.append(len(inputs[0])))
    explained(model, batch, Method.SCORE_CAM, rows=6)
    assert sizes == [2, 6, 6, 4]


def test_a_layer_of_flat_channels_is_an_empty_vote() -> None:
    """Channels of one value hide nothing: no weight, no NaN."""
    net = seeded(nn.Sequential(nn.Conv2d(3, 3, 3), nn.ReLU(), SumPool()))
    net[0].weight.data.zero_()
    model = canonical(net, spatial=("1",))
    assert not explained(model, images(2), Method.SCORE_CAM).any()


def test_more_channels_than_there_are_is_a_mistake_of_the_plan() -> None:
    """Told with both numbers, before any work; none at all is no number."""
    model = convnet()
    model = type(model)(**{**vars(model), "channels": {"1": 6, "4": 8}})
    with pytest.raises(InvalidPlan, match="fewer channels") as caught:
        refusal(bound(Method.SCORE_CAM, ScoreCamParameters(channels=9)), model)
    assert (caught.value.expected, caught.value.found) == ("channels of at most 8", "9")
    assert refusal(bound(Method.SCORE_CAM, ScoreCamParameters(channels=8)), model) is None
    with pytest.raises(InvalidPlan):
        refusal(bound(Method.SCORE_CAM, ScoreCamParameters(channels=7, layer="1")), model)
    with pytest.raises(ValidationError):
        ScoreCamParameters(channels=0)


@pytest.mark.parametrize("name", [Method.GRAD_CAM_PLUS_PLUS, Method.LAYER_CAM, Method.SCORE_CAM])
def test_layers_are_named_and_refused_as_grad_cams_are(name: Method) -> None:
    """An early layer gives its own resolution; an unknown one is a mistake; a perceptron has none."""
    model, batch = convnet(), images(2)
    kind = ScoreCamParameters if name is Method.SCORE_CAM else CamParameters
    assert explained(model, batch, name, kind(layer="1")).shape == (2, 1, 12, 12)
    with pytest.raises(InvalidPlan, match="no spatial layer named '2nd'"):
        refusal(bound(name, kind(layer="2nd")), model)
    perceptron = canonical(seeded(nn.Sequential(nn.Flatten(), nn.Linear(432, 3))))
    assert refusal(bound(name), perceptron) == "the model has no layer whose output is an image"


def test_the_cams_of_one_layer_share_its_pass() -> None:
    """Grad-CAM, Grad-CAM++ and LayerCAM call the model once, and so does each alone."""
    model, batch, calls = convnet(), images(), []
    model.submodule("0").register_forward_hook(lambda module, inputs, output: calls.append(len(output)))
    names = [Method.GRAD_CAM, Method.GRAD_CAM_PLUS_PLUS, Method.LAYER_CAM]
    together = build([bound(name) for name in names], model)(model, batch, seed=0).maps
    assert calls == [5]
    assert torch.equal(together["layer_cam"], explained(model, batch, Method.LAYER_CAM))
    assert torch.equal(together["grad_cam"], Pass(model, batch).cam("4"))
