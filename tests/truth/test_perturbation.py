"""Perturbation and surrogate methods judged by parameter_randomization, on a network that learned and one that cannot.

A narrow perceptron keeps it quick. The budgets are a fifth of the defaults, so ceilings are lower than a user's.
"""

from itertools import product as product_of

import pytest
import torch
from torch import Tensor, nn

from junco.contract.catalogue import Arm, CheckName, Depth, Method, Verdict
from junco.contract.outcome import Caveat, Outcome
from tests.truth import digits, models, product
from tests.truth.conftest import Trained, trained

pytestmark = pytest.mark.slow

MPRT = CheckName.PARAMETER_RANDOMIZATION
FEW: dict[Method, dict[str, object]] = {
    Method.LIME: {"segments": 16, "samples": 100},
    Method.KERNEL_SHAP: {"segments": 16, "samples": 100},
    Method.SHAPLEY_SAMPLING: {"segments": 16, "permutations": 6},
    Method.PREDICTION_DIFFERENCE: {"segments": 16, "samples": 4},
    Method.RISE: {"side": 5, "samples": 200},
}
SLIC = {"method": "kernel_shap", "parameters": {"segments": 20, "segmentation": "slic", "samples": 100}}


def asked() -> list[object]:
    """All methods, and one of them on patches of like colour."""
    return [*({"method": name.value, "parameters": parameters} for name, parameters in FEW.items()), SLIC]


class Stairs(nn.Module):
    """z = w s(x) + a little of V x: the picture s is fixed, of one value a cell, and parameters can only scale it.

    s goes up in stairs, whose slope is zero, so that the gradient is V's and changes as it should.
    """

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Linear(1, 10)
        self.slope = nn.Linear(784, 10)

    def forward(self, x: Tensor) -> Tensor:
        mass = torch.floor(nn.functional.avg_pool2d(x, 7) * 49)
        picture = torch.sin(3.7 * mass).flatten(1).sum(1, keepdim=True)
        return self.scale(picture) + 0.002 * self.slope(x.flatten(1))


@pytest.fixture(scope="module")
def learned(one_thread: None) -> Trained:
    """A perceptron of 32 units."""
    return trained(nn.Sequential(nn.Flatten(), nn.Linear(784, 32), nn.ReLU(), nn.Linear(32, 10)), epochs=6)


@pytest.fixture(scope="module")
def outcome(learned: Trained) -> Outcome:
    """Profile quick: 24 digits, three seeds."""
    return product.measured(learned.file, learned.digits, asked(), profile="quick", checks=[MPRT.value]).outcome()


@pytest.fixture(scope="module")
def stairs(learned: Trained) -> Outcome:
    """The same job on the network whose parameters decide nothing but scale."""
    torch.manual_seed(0)
    file = models.as_torchscript(Stairs().eval(), digits.SHAPE, "traced")
    return product.measured(file, learned.digits, asked(), profile="quick", checks=[MPRT.value]).outcome()


def labelled(found: Outcome, name: Method, *, slic: bool = False) -> str:
    """The label of a method in an outcome."""
    return next(m.label for m in found.methods if m.method is name and ("slic" in m.label) == slic)


@pytest.mark.parametrize("name", FEW)
def test_maps_of_a_network_that_learned_are_lost_with_its_parameters(outcome: Outcome, name: Method) -> None:
    """Mean kappa passes; three seeds of 16 cells may leave its interval too wide to say so, and never say fail."""
    label = labelled(outcome, name)
    found = product.check(outcome, label)
    assert found.verdict in (Verdict.PASS, Verdict.INCONCLUSIVE), found.summary
    for arm, at in product_of(Arm, (Depth.TOP, Depth.FULL)):
        assert product.kappa(outcome, label, arm, at) < outcome.plan.profile.thresholds.tau_pass


@pytest.mark.parametrize("name", FEW)
def test_maps_repeat_themselves_and_are_known_to_have_few_cells(outcome: Outcome, name: Method) -> None:
    """A fifth of the default budget is enough for a ceiling above .6; RISE's smooth maps have few cells too."""
    label = labelled(outcome, name)
    ceiling = product.randomization(outcome, label).ceiling
    assert ceiling is not None
    assert ceiling > 0.6
    assert Caveat.LOW_RESOLUTION in product.check(outcome, label).caveats


def test_painted_segments_are_judged_too_and_known_to_be_few(outcome: Outcome) -> None:
    """SLIC: a map of 28 x 28 pixels that holds at most 20 values."""
    label = labelled(outcome, Method.KERNEL_SHAP, slic=True)
    assert product.randomization(outcome, label).resolution == (28, 28)
    assert product.check(outcome, label).verdict in (Verdict.PASS, Verdict.INCONCLUSIVE)
    assert Caveat.LOW_RESOLUTION in product.check(outcome, label).caveats


@pytest.mark.parametrize(
    "name", [Method.LIME, Method.KERNEL_SHAP, Method.SHAPLEY_SAMPLING, Method.PREDICTION_DIFFERENCE]
)
def test_maps_that_parameters_only_scale_fail(stairs: Outcome, name: Method) -> None:
    """The sign flips with the parameters and nothing else does: plain rank correlations would average to 0.

    Not RISE: half-shown cells stand on other stairs, and its map is not the fixed picture.
    """
    found = product.check(stairs, labelled(stairs, name))
    assert found.verdict is Verdict.FAIL, found.summary
