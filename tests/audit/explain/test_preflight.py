"""What is noticed before a map is judged."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, fx, nn

from junco.audit.explain import oracle, preflight
from junco.audit.explain.preflight import Guided, guided
from junco.audit.model import Canonical
from junco.contract.catalogue import Control, IntegratedGradientsParameters, Method
from tests.audit.explain.models import available, bound, canonical, convnet, images, layer_sum, preactivation, seeded


class Functional(nn.Module):
    """ReLU as a function, which no hook sees."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.fc = nn.Linear(400, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(torch.relu(self.conv(x)).flatten(1))


@pytest.mark.parametrize("make", [convnet, preactivation])
def test_sound_methods_have_no_problems(make: Callable[[], Canonical]) -> None:
    """All methods and controls pass on networks that they are defined for, with their figures at hand."""
    model = make()
    found = preflight(available(model), model, images())
    assert {label: seen.problems for label, seen in found.items() if seen.problems} == {}
    assert set(Control) <= set(found)
    assert found["guided_backprop"].figures == {"finite": 1, "captum_distance": 0, "relus_fired": 2}
    assert found["integrated_gradients"].figures["completeness"] < 0.05
    assert found["edge_detector"].figures == {"finite": 1}


def test_a_relu_that_no_hook_sees_is_noticed() -> None:
    """O19: with a functional ReLU nothing fires, and the map is the plain gradient."""
    model = replace(canonical(seeded(Functional())), activations={"ReLU": 1})
    seen = guided(model, images())
    assert seen == Guided(fired=0, cut=False, differs=False)
    assert seen.problem == "no ReLU module fired: the guided rule never acted, and the map is the plain gradient"
    assert preflight([bound(Method.GUIDED_BACKPROP)], model, images())["guided_backprop"].problems == (seen.problem,)


def test_equality_with_the_gradient_is_allowed_where_nothing_had_to_be_cut() -> None:
    """O4: one layer under a sum sends +1 back, so the guided map is the gradient, and that is right."""
    model, _ = layer_sum()
    seen = guided(model, images(4, (2, 6, 6)))
    assert seen == Guided(fired=1, cut=False, differs=False)
    assert seen.problem is None


def test_a_cut_that_leaves_the_gradient_is_a_contradiction() -> None:
    """The report is a problem whenever the rule claims to have acted and the map does not show it."""
    assert Guided(fired=3, cut=True, differs=False).problem is not None
    assert Guided(fired=3, cut=True, differs=True).problem is None


def test_a_coarse_quadrature_is_incomplete() -> None:
    """Two steps through the kinks of a deep network miss more of the logit than is allowed."""
    method = bound(Method.INTEGRATED_GRADIENTS, IntegratedGradientsParameters(steps=2))
    seen = preflight([method], preactivation(), images(8))[method.label]
    assert seen.figures["completeness"] > 0.05
    assert seen.problems[0].endswith("raise steps or samples")


def test_disagreement_with_captum_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Captum asked for another rule differs by far more than the tolerance."""
    monkeypatch.setitem(oracle._METHODS, Method.GUIDED_BACKPROP, oracle._gradient)
    seen = preflight([bound(Method.GUIDED_BACKPROP)], convnet(), images())["guided_backprop"]
    assert seen.figures["captum_distance"] > 0.1
    assert "differs from Captum's" in seen.problems[0]


def test_maps_that_are_not_numbers_are_noticed() -> None:
    """The share that is not finite is stated, and a distance that is not a number agrees with nothing."""
    model = convnet()
    model.submodule("6").weight[0] = float("inf")
    seen = preflight([bound(Method.GRADIENT), bound(Control.CONSTANT)], model, images())
    assert seen["gradient"].figures["finite"] < 1
    assert any("is not finite" in problem for problem in seen["gradient"].problems)
    assert seen["constant"].problems == ()


def test_a_fixed_batch_size_is_no_obstacle() -> None:
    """Preflight splits and pads like a pass does."""
    found = preflight(available(convnet()), convnet(batch=2), images(3))
    assert not any(seen.problems for seen in found.values())


def test_the_graph_is_left_without_hooks() -> None:
    """Watching leaves nothing behind."""
    model = convnet()
    guided(model, images())
    assert isinstance(model.module, fx.GraphModule)
    assert not any(part._forward_hooks for part in model.module.modules())
