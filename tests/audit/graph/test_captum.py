"""Captum's hook-based methods give on a lifted file what they give on the module it was made from."""

import pytest
import torch
from captum.attr import GuidedBackprop, IntegratedGradients, LayerGradCam, Saliency
from torch import Tensor, nn

from junco.audit.graph import Ceiling
from tests.audit.graph.lifting import lifted
from tests.truth import models


class _HookableMobile(nn.Module):
    """``models.mobile`` with every ReLU6 spelt as an nn.ReLU of its own and a minimum."""

    def __init__(self) -> None:
        super().__init__()
        self.net = models.mobile()
        self.relus = nn.ModuleList([nn.ReLU() for _ in range(3)])
        self.last = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        net = self.net
        x = self.relus[0](net.norm0(net.stem(net.pad(x)))).clamp(max=6)
        y = self.relus[1](net.norm1(net.expand(x))).clamp(max=6)
        y = self.relus[2](net.norm2(net.depthwise(y))).clamp(max=6)
        return net.fc(self.last(x + net.norm3(net.project(y))).mean([2, 3]))


class _HookableConvs(nn.Module):
    """The nets of two convolutions with an nn.ReLU of its own at every call."""

    def __init__(self, build) -> None:
        super().__init__()
        self.net = build()
        self.first, self.last = nn.ReLU(), nn.ReLU()
        self.build = build

    def forward(self, x: Tensor) -> Tensor:
        net = self.net
        if self.build is models.functional_relu:
            x = nn.functional.max_pool2d(self.first(net.conv1(x)), 2)
            return net.fc(nn.functional.max_pool2d(self.last(net.conv2(x)), 2).flatten(1))
        if self.build is models.reused_relu:
            return net.fc(net.pool(self.last(net.conv2(self.first(net.conv1(x))))).flatten(1))
        x = self.first(net.conv1(x))
        return net.fc(self.last(net.conv2(x) + x).mean([2, 3]))


class _HookableSequence(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = models.small_cnn()
        self.last = self.net[6]

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


TWINS = {
    models.small_cnn: _HookableSequence,
    models.mobile: _HookableMobile,
    models.functional_relu: lambda: _HookableConvs(models.functional_relu),
    models.reused_relu: lambda: _HookableConvs(models.reused_relu),
    models.inplace: lambda: _HookableConvs(models.inplace),
}

METHODS = {
    "saliency": lambda model, _: Saliency(model).attribute,
    "integrated_gradients": lambda model, _: (
        lambda x, target: IntegratedGradients(model).attribute(x, target=target, n_steps=5)
    ),
    "guided_backprop": lambda model, _: GuidedBackprop(model).attribute,
    "grad_cam": lambda model, layer: LayerGradCam(model, layer).attribute,
}


@pytest.mark.filterwarnings("ignore:Setting backward hooks")
@pytest.mark.parametrize("kind", models.KINDS)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("build", TWINS, ids=lambda build: build.__name__)
def test_captum_agrees_with_the_eager_twin(build, method, kind):
    """Maps equal those of a module written for hooks, for scripted, traced and frozen files."""
    twin = TWINS[build]().eval()
    canonical = lifted(build, kind)
    assert canonical.cam_layer is not None
    x = torch.randn(3, *models.IMAGE, generator=torch.Generator().manual_seed(5))
    target = torch.tensor([1, 4, 7])
    expected = METHODS[method](twin, twin.last)(x.clone().requires_grad_(), target=target)
    found = METHODS[method](canonical.module, canonical.submodule(canonical.cam_layer))(
        x.clone().requires_grad_(), target=target
    )
    scale = float(expected.abs().max())
    assert scale > 0
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5 * scale)


def test_guided_backprop_is_no_plain_gradient_on_a_lifted_file():
    """On the ScriptModule itself Captum silently answers the gradient; on the lifted file it does not."""
    canonical = lifted(models.functional_relu, "scripted")
    x = torch.randn(2, *models.IMAGE, generator=torch.Generator().manual_seed(5)).requires_grad_()
    guided = GuidedBackprop(canonical.module).attribute(x, target=2)
    plain = Saliency(canonical.module).attribute(x, target=2, abs=False)
    assert float((guided - plain).abs().max()) > 0.1 * float(plain.abs().max())


def test_a_ceiling_is_the_upper_half_of_relu6():
    """ReLU, then the minimum with 6, is ReLU6, in value and in gradient."""
    x = torch.linspace(-3, 9, 25, requires_grad=True)
    split, whole = Ceiling(6.0)(torch.relu(x)), nn.functional.relu6(x)
    assert torch.equal(split, whole)
    inside = (x != 0) & (x != 6)
    slopes = [torch.autograd.grad(y.sum(), x, retain_graph=True)[0][inside] for y in (split, whole)]
    assert torch.equal(*slopes)
