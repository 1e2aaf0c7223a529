"""Explanations of uploaded files: lifted by the graph package, compared with Captum on the eager original."""

from collections.abc import Callable

import captum.attr
import pytest
import torch
from torch import Tensor, nn

from junco.audit.batch import Batch
from junco.audit.explain import build, capabilities, preflight
from junco.audit.graph import load
from junco.contract.catalogue import Method
from tests.audit.explain.models import available, bound, images
from tests.truth.models import IMAGE, as_torchscript, functional_relu, gelu_net, inplace, mobile, small_cnn, token_net

# Captum warns of every hook and every requires_grad it sets.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

SHARED = [Method.GRADIENT, Method.INPUT_X_GRADIENT, Method.INTEGRATED_GRADIENTS]


def single(n: int = 3) -> Batch:
    """Images in single precision of the truth models' size."""
    return images(n, IMAGE, dtype=torch.float32)


def assert_near(found: Tensor, expected: Tensor, *, tolerance: float = 1e-4) -> None:
    """Within ``tolerance`` of the largest value: float32, other kernels."""
    torch.testing.assert_close(found, expected, rtol=0, atol=tolerance * expected.abs().max().item())


@pytest.mark.parametrize("make", [small_cnn, mobile, inplace])
def test_gradients_of_a_lifted_file_are_those_of_the_eager_model(make: Callable[[], nn.Module]) -> None:
    """Captum on the original and Junco on the file agree for the methods that need no hook."""
    eager, batch = make().requires_grad_(False), single()
    model = load(as_torchscript(eager, IMAGE, "scripted"))
    maps = build([bound(name) for name in SHARED], model)(model, batch, seed=0).maps
    x, targets = batch.x.clone(), batch.targets
    expected = {
        Method.GRADIENT: captum.attr.Saliency(eager).attribute(x, targets, abs=False),
        Method.INPUT_X_GRADIENT: captum.attr.InputXGradient(eager).attribute(x, targets),
        Method.INTEGRATED_GRADIENTS: captum.attr.IntegratedGradients(eager).attribute(x, 0, targets),
    }
    for name in SHARED:
        assert_near(maps[name], expected[name].detach(), tolerance=1e-3)


def test_hooked_methods_of_a_lifted_file_are_those_of_the_eager_model() -> None:
    """Guided Backpropagation and Grad-CAM at the last ReLU, on a model whose ReLUs Captum can see."""
    eager, batch = small_cnn().requires_grad_(False), single()
    model = load(as_torchscript(eager, IMAGE, "scripted"))
    maps = build([bound(Method.GUIDED_BACKPROP), bound(Method.GRAD_CAM)], model)(model, batch, seed=0).maps
    guided = captum.attr.GuidedBackprop(eager).attribute(batch.x.clone(), batch.targets)
    last = eager.get_submodule("6")
    cam = captum.attr.LayerGradCam(eager, last).attribute(batch.x.clone(), batch.targets, relu_attributions=True)
    assert_near(maps["guided_backprop"], guided)
    assert_near(maps["grad_cam"], cam.detach())


def test_lifting_gives_functional_relus_their_guided_rule() -> None:
    """Captum on the eager model returns the plain gradient without a word; on the lifted file the rule acts."""
    eager, batch = functional_relu().requires_grad_(False), single()
    model = load(as_torchscript(eager, IMAGE, "traced"))
    maps = build([bound(Method.GUIDED_BACKPROP), bound(Method.GRADIENT)], model)(model, batch, seed=0).maps
    silent = captum.attr.GuidedBackprop(eager).attribute(batch.x.clone(), batch.targets)
    assert_near(maps["gradient"], silent)
    assert (maps["guided_backprop"] - maps["gradient"]).abs().max() > 0.1 * maps["gradient"].abs().max()


@pytest.mark.parametrize("make", [small_cnn, mobile, functional_relu, inplace])
def test_preflight_finds_nothing_wrong_with_lifted_files(make: Callable[[], nn.Module]) -> None:
    """All methods and controls are sound on ReLU networks, whatever the ReLU looked like in the source."""
    model = load(as_torchscript(make(), IMAGE, "scripted"))
    found = preflight(available(model), model, single())
    assert {label: seen.problems for label, seen in found.items() if seen.problems} == {}


def test_capabilities_of_lifted_files() -> None:
    """GELU and SiLU refuse the guided methods by name; a network of tokens has no ReLU."""
    reason = capabilities(load(as_torchscript(gelu_net(), IMAGE, "scripted")))[Method.GUIDED_BACKPROP]
    assert reason == "the guided rule is defined for ReLU only, and the model has GELU, SiLU"
    tokens = capabilities(load(as_torchscript(token_net(), IMAGE, "traced")))
    assert tokens[Method.GUIDED_BACKPROP] is not None
    assert tokens[Method.GRADIENT] is None
