"""TorchScript programs that branch on their data: run as they are, their own tensors drawn in place."""

import copy

import pytest
import torch
from torch import Tensor, nn

from junco.audit.checks.randomise import randomised, snapshot, unchanged
from junco.audit.graph import coverage, load, parity, random_probes
from junco.audit.graph.blackbox.script import ScriptBox
from junco.audit.model import Canonical
from junco.contract.catalogue import Arm
from tests.truth import models, opaque


def images() -> Tensor:
    return torch.randn(3, *models.IMAGE, generator=torch.Generator().manual_seed(5))


def opened(network: nn.Module, *, frozen: bool = False) -> Canonical:
    canonical = load(opaque.scripted(network, frozen=frozen), input_shape=models.IMAGE)
    assert isinstance(canonical.module, ScriptBox)
    return canonical


@pytest.mark.parametrize("frozen", [False, True], ids=["scripted", "frozen"])
def test_the_program_answers_itself(frozen: bool) -> None:
    """Both branches, and the report says by whom and why."""
    canonical = opened(models.small_cnn(), frozen=frozen)
    network = opaque.Branching(models.small_cnn()).eval()
    with torch.no_grad():
        for x in (images(), -3 * images(), images()[:1]):
            torch.testing.assert_close(canonical(x), network(x), rtol=1e-5, atol=1e-5)
    assert (canonical.executor, canonical.format, canonical.differentiable) == ("torchscript", "torchscript", False)
    assert canonical.no_gradients
    assert any(canonical.no_gradients in warning for warning in canonical.warnings)
    assert all(probe.within for probe in parity(canonical, random_probes(canonical, torch.Generator(), 2)))


def test_steps_come_in_the_order_of_execution() -> None:
    """Not in that of registration; a norm is of the step before it, its statistics of none."""
    canonical = opened(models.registered_backwards())
    graph = load(models.as_torchscript(models.registered_backwards(), models.IMAGE, "scripted"))
    assert [s.name.removeprefix("network.") for s in canonical.steps] == [s.name for s in graph.steps]
    assert [s.parameters for s in canonical.steps] == [s.parameters for s in graph.steps]
    assert coverage(canonical) == 1.0


class _Normed(nn.Module):
    """Everything that holds weights of a kind of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6)
        self.slope = nn.PReLU(6)
        self.mix = nn.Parameter(torch.randn(6, 8))
        self.scale = nn.Parameter(torch.ones(8))
        self.register_buffer("fixed", torch.rand(8))
        self.fc = nn.Linear(8, 5)
        self.unused = nn.Linear(2, 2)
        self.fc2 = nn.Linear(5, 5)
        self.fc2.weight = nn.Parameter(torch.eye(5))

    def forward(self, x: Tensor) -> Tensor:
        x = self.slope(self.norm(self.conv(x))).mean([2, 3])
        return self.fc2(self.fc(torch.matmul(x, self.mix) * self.scale + self.fixed))


def test_every_kind_of_weight_is_found_and_the_rest_is_told() -> None:
    """Norms and slopes with their layer, raw parameters as steps, buffers and unread layers left out with a reason."""
    canonical = opened(_Normed())
    assert [(s.name.removeprefix("network."), s.kind, s.parameters) for s in canonical.steps] == [
        ("conv", "conv2d", 168 + 12 + 6),
        ("mix", "matmul", 48),
        ("scale", "mul", 8),
        ("fc", "linear", 45),
        ("fc2", "linear", 30),
    ]
    assert "buffer" in canonical.left_out["network.fixed"]
    assert "seen to read" in canonical.left_out["network.unused.weight"]
    counted = sum(step.parameters for step in canonical.steps)
    assert coverage(canonical) == pytest.approx(counted / (counted + 8 + 6))
    assert any("running statistics" in warning for warning in canonical.warnings)


@pytest.mark.parametrize("frozen", [False, True], ids=["scripted", "frozen"])
@pytest.mark.parametrize("arm", list(Arm))
def test_drawing_reaches_the_program(arm: Arm, frozen: bool) -> None:
    """The answer is that of the network with the same weights, and the trained one's again afterwards."""
    plain = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5)).eval()
    canonical = opened(plain, frozen=frozen)
    for _ in range(3):  # the optimised plan of the interpreter, which must read the weights as they are
        before = canonical(images())
    state = snapshot(canonical)
    with randomised(canonical, arm=arm, seed=2, calibration=[]) as cascade:
        cascade.descend(len(canonical.steps))
        twin = copy.deepcopy(plain)
        drawn = [tensor for step in canonical.steps for tensor in map(canonical.module.get_parameter, step.tensors)]
        for mine, theirs in zip(twin.parameters(), drawn, strict=True):
            mine.data.copy_(theirs)
        assert unchanged(canonical, state) == []
        with torch.no_grad():
            expected = opaque.Branching(twin)(images())
        torch.testing.assert_close(canonical(images()), expected, rtol=1e-5, atol=1e-5)
        assert not torch.allclose(expected, before)
    assert torch.equal(canonical(images()), before)


def test_fan_in_is_what_each_output_sums() -> None:
    """A drawn matrix has the spread of its layer, whichever way round the program stores it: sqrt(2 / fan-in)."""
    canonical = opened(_Wide())
    with randomised(canonical, arm=Arm.REINIT, seed=0, calibration=[]) as cascade:
        cascade.descend(2)
        spreads = [float(canonical.module.get_parameter(step.tensors[0]).std()) for step in canonical.steps]
    # 64 * 3 and 64 * 256 draws: five standard errors.
    assert spreads[0] == pytest.approx((2 / 3) ** 0.5, rel=5 / (2 * 192) ** 0.5)
    assert spreads[1] == pytest.approx((2 / 64) ** 0.5, rel=5 / (2 * 16384) ** 0.5)


class _Wide(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(3, 64, bias=False)
        self.mix = nn.Parameter(torch.randn(64, 256))

    def forward(self, x: Tensor) -> Tensor:
        return torch.matmul(self.first(x.mean([2, 3])), self.mix)
