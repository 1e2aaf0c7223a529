"""What inspection publishes of a file: the file's own words, and a caution for every trait that needs one."""

import pytest
import torch
from onnx import ModelProto
from torch import Tensor, nn

from junco.audit.graph import load, parity, random_probes
from junco.audit.model import Parity
from junco.audit.pipeline.cautions import cautions, spoken
from junco.audit.pipeline.inspect import inspect
from junco.contract.cautions import MEANINGS, CautionName
from tests.audit.graph.onnx import zoo
from tests.truth import models


class _Two(nn.Module):
    """Scores and feature maps, under names."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 4, 3), nn.Linear(4, 5)

    def forward(self, picture: Tensor) -> dict[str, Tensor]:
        maps = torch.relu(self.conv(picture))
        return {"maps": maps, "scores": self.head(maps.mean([2, 3]))}


class _Last(nn.Module):
    """Channels last, as Keras has them."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = models.small_cnn()

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x.permute(0, 3, 1, 2)).softmax(-1)


def test_an_onnx_file_is_described_in_its_own_words():
    """Versions, names and sides are the file's; the batch is free."""
    data = zoo.as_onnx(models.small_cnn(), opset=17)
    report, proto = inspect(data), ModelProto.FromString(data)
    assert (report.format, report.opset, report.ir_version) == ("onnx", 17, proto.ir_version)
    assert report.producer.startswith("pytorch")
    (image,), (scores,) = report.inputs, report.outputs
    assert (image.name, image.shape, image.declared) == ("image", (None, 3, 32, 32), ("n", 3, 32, 32))
    assert (scores.name, scores.shape, report.output) == ("scores", (None, 10), "scores")
    assert [layer.kind for layer in report.layers] == ["Conv2d", "Conv2d", "Linear"]
    assert sum(layer.parameters for layer in report.layers) == report.parameters


def test_a_torchscript_file_is_described_in_its_own_words():
    """The argument's name, every output by the name that --output takes, and which one is explained."""
    data = models.as_torchscript(models._settled(_Two(), seed=1), models.IMAGE, "scripted")
    report = inspect(data, input_shape=models.IMAGE)
    assert (report.opset, report.archive_version) == (None, 3)
    assert report.inputs[0].name == "picture"
    assert {spec.name: spec.shape for spec in report.outputs} == {"maps": (None, 4, 30, 30), "scores": (None, 5)}
    assert report.output == "scores"


def test_channels_last_is_told_and_image_sides_are_not_confused():
    """The input's shape is the file's, ``input_shape`` is channels, height and width; the softmax is said to be cut."""
    report = inspect(zoo.as_onnx(models._settled(_Last(), seed=2), shape=(32, 24, 3)))
    assert (report.inputs[0].layout, report.inputs[0].shape) == ("NHWC", (None, 32, 24, 3))
    assert report.input_shape == (3, 32, 24)
    names = [caution.name for caution in report.cautions]
    assert names == [CautionName.SOFTMAX_CUT, CautionName.CHANNELS_LAST]


def test_a_plain_network_needs_no_caution_and_every_probe_is_within():
    """Nothing is warned of without cause."""
    report = inspect(models.as_torchscript(models.small_cnn(), models.IMAGE, "traced"))
    assert report.cautions == report.warnings == ()
    assert {probe.probe for probe in report.parity} == {"noise", "wide_noise", "smooth_noise", "zeros"}
    assert all(probe.within for probe in report.parity)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (lambda: zoo.as_onnx(models.small_cnn(), batch=1), CautionName.BATCH_FIXED),
        (lambda: zoo.as_onnx(zoo.vit()), CautionName.ATTENTION),
        (lambda: models.as_torchscript(models.small_cnn().half(), models.IMAGE, "scripted"), CautionName.PRECISION),
    ],
    ids=["batch", "attention", "precision"],
)
def test_a_trait_has_its_caution_with_its_meaning(data, name):
    """Each on a file that has it."""
    (found,) = [caution for caution in inspect(data(), input_shape=models.IMAGE).cautions if caution.name is name]
    assert found.detail
    assert found.meaning == MEANINGS[name]


def test_lost_parity_is_a_caution_that_says_by_how_much():
    """Beside it, every method is out of reach."""
    model = load(models.as_torchscript(models.small_cnn(), models.IMAGE, "traced"))
    held = parity(model, random_probes(model, torch.Generator().manual_seed(0), 1))
    assert cautions(model, held) == ()
    (caution,) = cautions(model, [Parity("noise", 1.0, 0.5, 1e-4, within=False)])
    assert (caution.name, "0.5" in caution.detail) == (CautionName.PARITY, True)


@pytest.mark.parametrize(
    ("sentence", "name"),
    [
        ("the program takes batches of 1 only: images are handed in so", CautionName.BATCH_FIXED),
        ("the model computes in float16: it is explained in float32", CautionName.PRECISION),
        ("an image's scores depend on the other images in its batch", CautionName.BATCH_DEPENDENT),
        ("something that nobody has thought of", CautionName.OTHER),
    ],
)
def test_sentences_of_lifting_have_their_kind(sentence, name):
    """And what is new is never lost."""
    assert spoken(sentence) is name
