"""Classifiers exported to ONNX against the networks that they were exported from."""

import pytest
import torch
from torch import nn

from examples.efficientnet_lite0 import build
from junco.audit.graph import coverage, double, load, parity, random_probes
from junco.contract.errors import InputShapeMismatch, ModelOutputShape
from tests.audit.graph.onnx import zoo
from tests.truth import models

TRUTH = (
    models.small_cnn, models.mobile, models.functional_relu, models.reused_relu, models.inplace,
    models.registered_backwards, models.gelu_net, models.one_by_one_out, models.tied, models.token_net,
    models.residual, models.attention,
)  # fmt: skip


def _gradient(function, x):
    leaf = x.clone().requires_grad_()
    logits = function(leaf).flatten(1)
    (logits * torch.linspace(-1, 1, logits.shape[1])).sum().backward()
    return leaf.grad


def _same(canonical, model, shape=models.IMAGE):
    """Parity with onnxruntime, logits and input gradients of the network itself, all to float32's 1e-4."""
    probes = parity(canonical, random_probes(canonical, torch.Generator().manual_seed(0), 2))
    assert max(probe.max_relative for probe in probes) < 1e-5
    x = torch.randn(3, *shape, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = model(x).flatten(1)
        torch.testing.assert_close(canonical(x), expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))
    theirs, ours = _gradient(model, x), _gradient(canonical, x)
    assert float((ours - theirs).norm()) < 1e-4 * float(theirs.norm())


_QUICK = [
    *((make, "legacy") for make in (*zoo.FAMILIES, models.tied, models.attention, models.token_net)),
    *((make, "unfolded") for make in (zoo.vgg, zoo.vit, models.small_cnn)),
    *((make, "dynamo") for make in (zoo.mobile_v3, zoo.vit)),
]
_REST = [
    pytest.param(make, exporter, marks=pytest.mark.slow)
    for make in (*zoo.FAMILIES, *TRUTH)
    for exporter in ("legacy", "unfolded", "dynamo")
    if (make, exporter) not in _QUICK
]


@pytest.mark.parametrize(("make", "exporter"), [*_QUICK, *_REST])
def test_an_export_answers_and_differentiates_as_its_network(make, exporter):
    """Any batch size, every parameter in a step."""
    model = make()
    canonical = load(zoo.as_onnx(model, exporter), input_shape=models.IMAGE)
    assert canonical.format == "onnx"
    assert canonical.batch is None
    assert coverage(canonical) == 1.0
    _same(canonical, model)


@pytest.mark.parametrize(
    ("make", "opset"),
    [
        (zoo.mobile_v3, 9),
        (zoo.convnext, 11),
        (zoo.vgg, 13),
        (zoo.inception, 16),
        (zoo.upsampling, 11),
        (zoo.convnext, 20),
    ],
)
def test_old_and_new_operator_sets_mean_the_same(make, opset):
    """Operators changed their inputs and their meaning over time."""
    model = make()
    _same(load(zoo.as_onnx(model, opset=opset)), model)


_LEGACY = [
    *((make, opset) for make in (zoo.mobile_v3, zoo.dense, zoo.inception, zoo.convnext) for opset in range(11, 21)),
    *((zoo.vit, opset) for opset in range(14, 21)),  # no exporter writes its attention in older ones
]


@pytest.mark.slow
@pytest.mark.parametrize(("make", "opset"), _LEGACY)
def test_every_opset_of_the_legacy_exporter(make, opset):
    """From the eleventh to the last that it writes."""
    model = make()
    _same(load(zoo.as_onnx(model, opset=opset)), model)


@pytest.mark.slow
@pytest.mark.parametrize("opset", [18, 20, 21, 22, 23, 24, 25])
@pytest.mark.parametrize("make", [zoo.vit, zoo.mobile_v3, zoo.convnext])
def test_every_opset_of_the_dynamo_exporter(make, opset):
    """From opset 23 on, attention is one operator."""
    model = make()
    _same(load(zoo.as_onnx(model, "dynamo", opset=opset)), model)


@pytest.mark.slow
@pytest.mark.parametrize("make", [zoo.mobile_v3, zoo.vit])
def test_a_fixed_batch_of_the_dynamo_exporter(make):
    """The file bakes its one image in."""
    model = make()
    canonical = load(zoo.as_onnx(model, "dynamo", batch=1))
    assert canonical.batch == 1
    _same(canonical, model)


def test_a_fixed_batch_of_one_is_fed_image_by_image():
    """What the file bakes in is said, and costs nothing but time."""
    model = zoo.mobile_v3()
    canonical = load(zoo.as_onnx(model, batch=1))
    assert canonical.batch == 1
    assert any("batches of 1" in warning for warning in canonical.warnings)
    _same(canonical, model)


@pytest.mark.parametrize("make", [models.softmax_end, models.log_softmax_end], ids=lambda make: make.__name__)
@pytest.mark.parametrize("opset", [11, 17])
def test_a_closing_softmax_is_cut(make, opset):
    """Logits are explained, and probabilities compared."""
    model = make()
    canonical = load(zoo.as_onnx(model, opset=opset))
    assert canonical.softmax_cut == make.__name__.removesuffix("_end")
    x = torch.randn(2, *models.IMAGE, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(canonical(x), model[0](x), rtol=1e-4, atol=1e-5)


def test_the_output_is_named_where_there_are_several():
    """Two classifications: the file's names tell them apart."""
    data = zoo.as_onnx(models.dict_out(), outputs=("logits", "auxiliary"))
    with pytest.raises(ModelOutputShape):
        load(data)
    model = models.dict_out()
    _same(load(data, output="auxiliary"), lambda x: model(x)["auxiliary"])


class _ChannelsLast(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = models.small_cnn()

    def forward(self, x):
        return self.body(x.permute(0, 3, 1, 2))


def test_channels_last_are_handed_in_so():
    """An input [n, height, width, 3] is recognised by its shape."""
    canonical = load(zoo.as_onnx(_ChannelsLast().eval(), shape=(32, 32, 3)))
    assert canonical.input_shape == (3, 32, 32)
    assert any("channels last" in warning for warning in canonical.warnings)
    _same(canonical, models.small_cnn())


def test_a_shape_that_the_file_does_not_take_is_refused_with_both_shapes():
    """The file's own shape is what the error expects."""
    with pytest.raises(InputShapeMismatch) as refusal:
        load(zoo.as_onnx(models.small_cnn()), input_shape=(3, 64, 64))
    assert (refusal.value.expected, refusal.value.found) == ("[3, 32, 32]", "[3, 64, 64]")


@pytest.mark.parametrize("exporter", ["legacy", "unfolded"])
def test_layers_bear_the_names_of_the_network(exporter):
    """Also where an exporter renamed the weights that it folded."""
    canonical = load(zoo.as_onnx(models.residual(), exporter))
    assert [step.name for step in canonical.steps] == ["stem", "conv1", "conv2", "downsample.0", "fc"]


def test_spelt_out_activations_and_norms_are_found_again():
    """SiLU, Hardswish and group norm are what they were before export."""
    canonical = load(zoo.as_onnx(models.gelu_net(), opset=13))
    assert canonical.activations == {"GELU": 1, "SiLU": 1}
    assert [step.name for step in canonical.steps] == ["0", "3", "8"]


@pytest.mark.parametrize("exporter", ["legacy", "unfolded"])
def test_efficientnet_lite0_is_imported_whole(exporter):
    """49 convolutions and the classifier with their trained weights, as from TorchScript."""
    model = build()
    canonical = load(zoo.as_onnx(model, exporter, shape=(3, 224, 224)))
    assert [step.kind for step in canonical.steps] == ["Conv2d"] * 49 + ["Linear"]
    assert canonical.activations == {"ReLU": 33, "Ceiling": 33}
    assert canonical.cam_layer == "ceiling_33"
    assert coverage(canonical) == 1.0
    x = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected, found = model(x), canonical(x)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))
    # In float64: in float32 the order of sums puts a unit now and then on the other side of a ReLU6's kink.
    theirs, ours = _gradient(model.double(), x.double()), _gradient(double(canonical), x.double())
    assert float((ours - theirs).norm()) < 1e-4 * float(theirs.norm())
