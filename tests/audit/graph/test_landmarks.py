"""Grad-CAM's layer, the spatial layers, the first linear layer and the activations are found in the graph."""

import pytest
import torch
from torch import nn

from junco.audit.graph import load
from junco.audit.model import Canonical
from tests.audit.graph.lifting import lifted
from tests.truth import models


def maps(canonical: Canonical, x: torch.Tensor) -> torch.Tensor:
    """What the Grad-CAM layer gives for ``x``, seen by a hook."""
    seen: list[torch.Tensor] = []
    assert canonical.cam_layer is not None
    handle = canonical.submodule(canonical.cam_layer).register_forward_hook(lambda *call: seen.append(call[2]))
    try:
        canonical(x)
    finally:
        handle.remove()
    return seen[0]


@pytest.mark.parametrize("kind", models.KINDS)
def test_the_last_maps_of_a_resnet_come_after_the_addition(kind):
    """The final ReLU behind the residual addition is read, not the last convolution."""
    canonical, module = lifted(models.residual, kind), models.residual()
    x = torch.randn(2, *models.IMAGE, generator=torch.Generator().manual_seed(0))
    stem = torch.relu(module.stem(x))
    body = module.bn2(module.conv2(torch.relu(module.bn1(module.conv1(stem)))))
    expected = torch.relu(body + module.downsample(stem))
    torch.testing.assert_close(maps(canonical, x), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", models.KINDS)
def test_maps_that_a_function_computes_are_tapped(kind):
    """Where the last maps are a plain addition, an identity module gives hooks a place to stand."""
    canonical = lifted(models.mobile, kind)
    assert canonical.cam_layer == "cam_tap"
    assert isinstance(canonical.submodule("cam_tap"), nn.Identity)
    x = torch.randn(2, *models.IMAGE, generator=torch.Generator().manual_seed(0))
    assert maps(canonical, x).shape == (2, 8, 16, 16)
    classifier = canonical.submodule(canonical.steps[-1].name)
    torch.testing.assert_close(classifier(maps(canonical, x).mean([2, 3])), canonical(x))


@pytest.mark.parametrize(
    ("build", "shape", "expected"),
    [
        (models.small_cnn, models.IMAGE, "relu_2"),
        (models.functional_relu, models.IMAGE, "relu_2"),
        (models.token_net, models.IMAGE, "norm"),
        (models.mlp, models.DIGIT, None),
    ],
)
def test_the_cam_layer_is_the_tail_of_the_last_convolution(build, shape, expected):
    """Up to, but not including, pooling and flattening; a transformer's last norm; none without either."""
    canonical = lifted(build, "traced", shape)
    assert canonical.cam_layer == expected
    assert expected is None or expected in canonical.spatial


def test_squeeze_and_excitation_convolutions_are_no_maps():
    """Convolutions on pooled 1x1 maps are passed over for the last ones with places."""

    class Excited(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 8, 3)
            self.gate = nn.Conv2d(8, 8, 1)
            self.fc = nn.Linear(8, 5)

        def forward(self, x):
            x = torch.relu(self.conv(x))
            x = x * torch.sigmoid(self.gate(x.mean([2, 3], keepdim=True)))
            return self.fc(x.mean([2, 3]))

    canonical = load(models.as_torchscript(Excited().eval(), models.IMAGE, "traced"), input_shape=models.IMAGE)
    assert canonical.cam_layer == "cam_tap"
    assert canonical.spatial == ("conv", "relu_1", "cam_tap")


@pytest.mark.parametrize("kind", models.KINDS)
@pytest.mark.parametrize(
    ("build", "shape", "position"),
    [(models.small_cnn, models.IMAGE, 0), (models.mobile, models.IMAGE, 0), (models.mlp, models.DIGIT, 0)],
)
def test_the_first_linear_layer_is_found_past_padding_and_flattening(build, shape, position, kind):
    """Nothing but zeros and reshapes lies between the input and it."""
    canonical = lifted(build, kind, shape)
    assert canonical.first_linear == canonical.steps[position].name


def test_no_first_linear_layer_behind_normalisation():
    """Stored constants between input and convolution rule the fold out."""
    assert lifted(models.normalising).first_linear is None


@pytest.mark.parametrize("kind", models.KINDS)
@pytest.mark.parametrize(
    ("build", "counts"),
    [
        (models.mobile, {"ReLU": 3, "Ceiling": 3}),
        (models.reused_relu, {"ReLU": 2}),
        (models.functional_relu, {"ReLU": 2}),
        (models.inplace, {"ReLU": 2}),
        (models.gelu_net, {"GELU": 1, "SiLU": 1}),
    ],
)
def test_every_activation_is_a_module_of_its_own(build, counts, kind):
    """Functional, reused, in-place and two-sided activations are all counted, one instance a call."""
    canonical = lifted(build, kind)
    assert canonical.activations == counts
    kinds = [type(module).__name__ for module in canonical.module.modules()]
    assert {name: kinds.count(name) for name in counts} == counts
