"""Steps follow the data, never the order of registration."""

import pytest
import torch
from torch import nn

from junco.audit.graph import coverage, load
from tests.audit.graph.lifting import fresh, lifted
from tests.truth import models


@pytest.mark.parametrize("kind", ["scripted", "traced"])
@pytest.mark.parametrize(
    ("build", "names"),
    [
        (models.registered_backwards, ["conv1", "conv2", "fc"]),
        (models.mobile, ["stem", "expand", "depthwise", "project", "fc"]),
        (models.residual, ["stem", "conv1", "conv2", "downsample.0", "fc"]),
        (models.token_net, ["embed", "token", "position", "qkv", "project", "scale", "fc"]),
        (models.tied, ["stem", "shared", "encode", "fc"]),
        (models.normalising, ["body.0", "body.4", "body.9"]),
    ],
)
def test_steps_come_in_execution_order(build, names, kind):
    """Each step bears the file's own name and comes where its layer runs, raw parameters where they are first read."""
    assert [step.name for step in lifted(build, kind).steps] == names


def test_frozen_steps_are_numbered_by_execution():
    """A file without names gets names by kind and order."""
    canonical = lifted(models.registered_backwards, "frozen")
    assert [step.name for step in canonical.steps] == ["conv_1", "conv_2", "linear_1"]
    assert [step.kind for step in canonical.steps] == ["Conv2d", "Conv2d", "Linear"]
    assert [step.shape for step in canonical.steps] == [(8, 3, 3, 3), (16, 8, 3, 3), (10, 16)]


def test_a_norm_belongs_to_the_layer_it_follows():
    """Affine parameters are in the step before them, running statistics named beside it."""
    first = lifted(models.registered_backwards).steps[0]
    assert first.tensors == ("conv1.weight", "conv1.bias", "bn1.weight", "bn1.bias")
    assert first.norms == ("bn1",)
    assert first.parameters == 8 * 27 + 8 + 8 + 8


def test_a_leading_norm_is_a_step_of_its_own():
    """Batch norm on the input precedes every layer, and so stands alone."""
    model = nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    canonical = load(models.as_torchscript(model.eval(), models.IMAGE, "traced"))
    assert [(step.name, step.kind, step.norms) for step in canonical.steps] == [
        ("0", "BatchNorm2d", ("0",)),
        ("1", "Conv2d", ()),
    ]


@pytest.mark.parametrize("kind", models.KINDS)
def test_tied_weights_are_one_step_and_one_parameter(kind):
    """What the file shares is shared in the graph: writing it once changes every user."""
    canonical = fresh(models.tied, kind)
    assert len(canonical.steps) == 4
    shared = canonical.steps[2]
    assert shared.parameters == 6 * 8 + 6 + 6
    assert len(shared.tensors) == 3
    x = torch.randn(2, *models.IMAGE, generator=torch.Generator().manual_seed(0))
    parameters = dict(canonical.module.named_parameters())
    parameters[shared.tensors[0]].zero_()
    module = models.tied()
    module.encode.weight.data.zero_()
    torch.testing.assert_close(canonical(x), module(x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", models.KINDS)
@pytest.mark.parametrize("build", [models.small_cnn, models.token_net, models.tied, models.attention, models.gelu_net])
def test_every_parameter_lies_in_exactly_one_step(build, kind):
    """Steps partition the parameters, and destroying them all makes answers independent of the trained ones."""
    canonical = lifted(build, kind)
    names = [name for step in canonical.steps for name in step.tensors]
    assert sorted(names) == sorted(name for name, _ in canonical.module.named_parameters())
    assert sum(step.parameters for step in canonical.steps) == sum(p.numel() for p in canonical.module.parameters())
    assert coverage(canonical) == 1.0


@pytest.mark.parametrize("kind", models.KINDS)
def test_input_normalisation_is_left_out_with_a_reason(kind):
    """Stored means and deviations are no parameters: they are listed, and count as missed."""
    canonical = lifted(models.normalising, kind)
    parameters = sum(step.parameters for step in canonical.steps)
    assert len(canonical.left_out) == 2
    assert all("buffer" in reason or "before any layer" in reason for reason in canonical.left_out.values())
    assert coverage(canonical) == pytest.approx(parameters / (parameters + 6))


def test_a_prelu_slope_follows_its_layer():
    """The slopes of PReLU are trained and lie in the step of the layer before."""
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.PReLU(4), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5))
    canonical = load(models.as_torchscript(model.eval(), models.IMAGE, "traced"))
    assert canonical.steps[0].tensors == ("0.weight", "0.bias", "1.weight")
    assert canonical.activations == {"PReLU": 1}
