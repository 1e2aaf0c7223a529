"""What a drawn layer holds under each initialiser."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from junco.audit.checks.randomise import randomised, snapshot, unchanged
from junco.audit.model import Canonical
from junco.contract.catalogue import Arm
from junco.contract.conventions import ADEBAYO_CODE, ADEBAYO_PAPER, AUDIT, HEDSTROM, SIXT
from junco.contract.randomization import Distribution, Initialiser, Randomization
from tests.audit.checks.test_randomise import State, images, stepped
from tests.audit.explain.models import canonical, seeded
from tests.audit.graph.lifting import fresh
from tests.truth import models


def plain() -> Canonical:
    """A convolution with its norm, and two linear layers of one shape; norms and biases other than they begin."""
    layers = nn.Sequential(
        nn.Conv2d(3, 40, 3), nn.BatchNorm2d(40), nn.ReLU(), nn.Flatten(), nn.Linear(1440, 80), nn.ReLU(),
        nn.Linear(80, 80), nn.ReLU(), nn.Linear(80, 80),
    )  # fmt: skip
    return stepped(canonical(seeded(layers), (3, 8, 8)))


def drawn(model: Canonical, how: Randomization, *, seed: int = 7) -> State:
    """All tensors while every layer is drawn."""
    with randomised(model, arm=Arm.REINIT, seed=seed, calibration=[], how=how) as cascade:
        cascade.descend(len(model.steps))
        return snapshot(model)


def test_the_authors_code_draws_truncated_normals() -> None:
    """Nothing beyond two deviations of .1, the spread of such a cut normal (.880 of .1), biases .1, norms 1 and 0."""
    now = drawn(plain(), ADEBAYO_CODE)
    weight = now["4.weight"]
    assert weight.abs().max() <= 0.2
    assert float(weight.std()) == pytest.approx(0.0880, rel=0.01)  # 115 200 draws
    assert torch.equal(now["4.bias"], torch.full_like(now["4.bias"], 0.1))
    assert (now["1.weight"] == 1).all()
    assert (now["1.bias"] == 0).all()


def test_the_papers_text_draws_biases_too() -> None:
    """Truncated normal of .01 for 'all weights'."""
    now = drawn(plain(), ADEBAYO_PAPER)
    assert now["4.weight"].abs().max() <= 0.02
    assert float(now["6.bias"].std()) == pytest.approx(0.0088, rel=0.3)  # 80 draws


def test_a_deviation_may_go_by_the_fan_in() -> None:
    """The authors' MLP: 2 over the root of the inputs."""
    mlp = Initialiser(distribution=Distribution.TRUNCATED_NORMAL, std=2, fan_in=True)
    now = drawn(plain(), AUDIT.model_copy(update={"initialiser": mlp}))
    assert float(now["4.weight"].std()) == pytest.approx(0.880 * 2 / math.sqrt(1440), rel=0.01)


def test_quantus_reset_is_reproduced_bit_for_bit() -> None:
    """Every module's reset_parameters after one and the same seed: layers of one shape get the same weights."""
    model = plain()
    now = drawn(model, HEDSTROM, seed=123)
    for name in ("0", "4", "6", "8"):
        layer = model.submodule(name)
        assert isinstance(layer, nn.Conv2d | nn.Linear)
        twin = (
            nn.Conv2d(layer.in_channels, layer.out_channels, 3)
            if isinstance(layer, nn.Conv2d)
            else nn.Linear(layer.in_features, layer.out_features)
        ).to(layer.weight.dtype)
        with torch.random.fork_rng():
            torch.manual_seed(123)
            twin.reset_parameters()
        assert torch.equal(now[f"{name}.weight"], twin.weight)
        assert twin.bias is not None
        assert torch.equal(now[f"{name}.bias"], twin.bias)
    assert torch.equal(now["6.weight"], now["8.weight"])
    assert (now["1.running_var"] == 1).all()
    assert (now["1.running_mean"] == 0).all()


def test_a_frameworks_default_is_that_of_the_files_producer() -> None:
    """Glorot uniform and zero biases for Keras' files, Kaiming uniform for torch's, each to its bound."""
    torch_made, keras_made = plain(), replace(plain(), producer="tf2onnx 1.16.1")
    ours, theirs = drawn(torch_made, SIXT), drawn(keras_made, SIXT)
    assert float(ours["4.weight"].abs().max()) == pytest.approx(1 / math.sqrt(1440), rel=1e-3)
    assert float(theirs["4.weight"].abs().max()) == pytest.approx(math.sqrt(6 / 1520), rel=1e-3)
    assert float(theirs["0.weight"].abs().max()) == pytest.approx(math.sqrt(6 / (27 + 360)), rel=1e-2)
    assert (theirs["4.bias"] == 0).all()
    assert float(ours["4.bias"].abs().max()) > 0.01


def test_quantus_leaves_raw_parameters_and_nothing_calls_that_unchanged() -> None:
    """Class tokens and positions stay trained under it, as they do in Quantus, and are not missed."""
    model = fresh(models.token_net)
    before = snapshot(model)
    with randomised(model, arm=Arm.REINIT, seed=0, calibration=images(), how=HEDSTROM) as cascade:
        cascade.descend(len(model.steps))
        left = unchanged(model, before)
        assert left
        assert unchanged(model, before, cascade.targeted()) == []
    assert unchanged(model, drawn_all(model)) == []


def drawn_all(model: Canonical) -> State:
    """The same under the audit's own convention, which leaves nothing."""
    return drawn(model, AUDIT)


def test_steps_are_those_of_the_test_network() -> None:
    """Four layers, the norm within the first."""
    assert [step.name for step in plain().steps] == ["0", "4", "6", "8"]
