"""Sixt et al. 2020 on a network as deep as theirs: ten convolutions after VGG, without norms, trained on the digits."""

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor, nn

from junco.audit.checks.randomise import randomised
from junco.audit.graph import load
from junco.audit.model import Canonical
from junco.contract.catalogue import Arm, Method
from tests.truth import digits, models
from tests.truth.conftest import Trained
from tests.truth.test_rules import CONVERGED, CUTTING, IMAGES, SENSITIVE, maps, similar

pytestmark = pytest.mark.slow

STAGES = ((16, 16), (32, 32), (48, 48, 48), (64, 64, 64))


def vgg() -> nn.Sequential:
    """3x3 convolutions in four stages, a hidden layer, ten logits."""
    before, layers = 1, list[nn.Module]()
    for widths in STAGES:
        for width in widths:
            layers += [nn.Conv2d(before, width, 3, padding=1), nn.ReLU()]
            before = width
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(before, 64), nn.ReLU(), nn.Linear(64, 10))


def trained() -> Trained:
    """Weights begin as He et al. have it: ten layers of the usual smaller ones pass nothing on."""
    train, test = digits.split()
    network, generator = vgg(), torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            size = (2 / parameter[0].numel()) ** 0.5 if parameter.dim() > 1 else 0.0
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * size)
    digits.fitted(network, train, epochs=10, generator=generator)
    file = models.as_torchscript(network, digits.SHAPE, "traced")
    return Trained(network, file, digits.accuracy(network, test), digits.balanced(network, test, per_class=5))


@pytest.fixture(scope="module")
def deep(one_thread: None) -> Trained:
    """The network and fifty digits that it knows."""
    return trained()


@pytest.fixture(scope="module")
def model(deep: Trained) -> Canonical:
    """The same from its file."""
    return load(deep.file)


@pytest.fixture(scope="module")
def ranked(model: Canonical, deep: Trained) -> Tensor:
    """Classes of each digit, the likeliest first."""
    with torch.no_grad():
        return model(deep.digits.x[::2][:IMAGES]).argsort(1, descending=True)


@pytest.fixture(scope="module")
def original(model: Canonical, deep: Trained, ranked: Tensor) -> dict[str, Tensor]:
    """Maps of the predicted class."""
    return maps(model, deep, ranked[:, 0])


def as_published(found: Mapping[str, float]) -> None:
    """Sums of contributions by sign keep nine tenths of the map's order, PatternNet and what cuts signals at every ReLU
    seven, all others less than half."""
    figures = {str(name): round(value, 3) for name, value in found.items()}
    assert min(found[name] for name in (*CONVERGED, Method.LRP_ALPHA2_BETA1)) > 0.9, figures
    assert min(found[name] for name in (*CUTTING, Method.PATTERN_NET)) > 0.7, figures
    assert max(found[name] for name in SENSITIVE) < 0.5, figures


def test_the_network_has_learned(deep: Trained) -> None:
    """Or its maps would prove nothing."""
    assert deep.accuracy > 0.92


@pytest.mark.parametrize("rank", [1, 9], ids=["second", "least"])
def test_the_class_does_not_matter(
    model: Canonical, deep: Trained, ranked: Tensor, original: dict[str, Tensor], rank: int
) -> None:
    """Maps of the likeliest and of another class: alpha-beta and PatternNet too, which four layers part still."""
    as_published(similar(original, maps(model, deep, ranked[:, rank])))


def test_later_layers_do_not_matter(
    model: Canonical, deep: Trained, ranked: Tensor, original: dict[str, Tensor]
) -> None:
    """The logits and the hidden layer drawn anew."""
    with randomised(model, arm=Arm.REINIT, seed=1, calibration=[]) as cascade:
        cascade.descend(2)
        as_published(similar(original, maps(model, deep, ranked[:, 0])))
