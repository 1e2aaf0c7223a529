"""Quadrature rules of Integrated Gradients: against Captum, the papers' code and exact integrals."""

import captum.attr
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from junco.audit.batch import Batch
from junco.audit.explain import build
from junco.audit.explain.paths import rule
from junco.contract.catalogue import IntegratedGradientsParameters, Method
from junco.contract.catalogue.gradient_parameters import Quadrature
from tests.audit.explain.models import bound, canonical, completeness, convnet, images, seeded

RULES: tuple[Quadrature, ...] = ("gauss_legendre", "trapezoid", "riemann_right", "riemann_middle", "linspace")


def path(batch: Batch, quadrature: Quadrature, steps: int) -> Tensor:
    """Integrated Gradients of the test network."""
    model = convnet()
    method = bound(Method.INTEGRATED_GRADIENTS, IntegratedGradientsParameters(steps=steps, quadrature=quadrature))
    return build([method], model, batch_size=16)(model, batch, seed=0).maps[method.label]


@pytest.mark.parametrize("quadrature", ["riemann_right", "riemann_middle"])
def test_the_riemann_rules_are_captums(quadrature: Quadrature) -> None:
    """Eager Captum at 7 steps; its weights pass through float32, hence 1e-6."""
    batch = images(3)
    eager = captum.attr.IntegratedGradients(convnet().module)
    theirs = eager.attribute(batch.x, 0, batch.targets, n_steps=7, method=quadrature)
    torch.testing.assert_close(path(batch, quadrature, 7), theirs.detach(), rtol=1e-6, atol=1e-7)


def test_linspace_is_the_sum_in_the_code_of_adebayo_et_al() -> None:
    """alpha = linspace(0, 1, n), sum / n * (x - baseline), written out."""
    model, batch = convnet(), images(2)
    total = torch.zeros_like(batch.x)
    for alpha in torch.linspace(0, 1, 6, dtype=torch.float64):
        leaf = (alpha * batch.x).requires_grad_()
        model(leaf).gather(1, batch.targets[:, None]).sum().backward()
        assert leaf.grad is not None
        total += leaf.grad
    torch.testing.assert_close(path(batch, "linspace", 6), total / 6 * batch.x, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("quadrature", RULES)
@pytest.mark.parametrize("steps", [2, 5, 50])
def test_weights_sum_to_one(quadrature: Quadrature, steps: int) -> None:
    """A constant gradient is integrated exactly by every rule, within [0, 1]."""
    places, weights = zip(*rule(quadrature, steps), strict=True)
    assert len(places) == steps
    assert sum(weights) == pytest.approx(1, abs=1e-14)
    assert min(places) >= 0
    assert max(places) <= 1


@pytest.mark.parametrize(("quadrature", "degree"), [("trapezoid", 1), ("riemann_middle", 1), ("gauss_legendre", 9)])
def test_a_rule_integrates_polynomials_of_its_degree(quadrature: Quadrature, degree: int) -> None:
    """Five points, integral of a^d over [0, 1] is 1 / (d + 1); one degree or two more is missed."""
    found = sum(weight * place**degree for place, weight in rule(quadrature, 5))
    beyond = sum(weight * place ** (degree + 1) for place, weight in rule(quadrature, 5))
    assert found == pytest.approx(1 / (degree + 1), abs=1e-14)
    assert abs(beyond - 1 / (degree + 2)) > 1e-8


class Block(nn.Module):
    """Random small networks: residual or not, BatchNorm or not, max pooling or not, ReLU or ReLU6."""

    def __init__(self, *, residual: bool, norm: bool, pool: bool, six: bool) -> None:
        super().__init__()
        self.residual = residual
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4) if norm else nn.Identity()
        self.act1 = nn.ReLU6() if six else nn.ReLU()
        self.deep = nn.Conv2d(4, 4, 3, padding=1, groups=4)
        self.act2 = nn.ReLU()
        self.pool = nn.MaxPool2d(2) if pool else nn.Identity()
        self.head = nn.LazyLinear(3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act1(self.norm(self.stem(x)))
        y = self.act2(self.deep(x))
        return self.head(self.pool(x + y if self.residual else y).flatten(1))


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.booleans(), st.booleans(), st.booleans(), st.booleans(), st.sampled_from(["zero", "black", "mean"]))
def test_integrated_gradients_are_complete(residual: bool, norm: bool, pool: bool, six: bool, start: str) -> None:
    """sum A = z_c(x) - z_c(x0) to 3 % in the median at 200 steps, whatever the network and the baseline."""
    net = Block(residual=residual, norm=norm, pool=pool, six=six).eval()
    net(torch.zeros(2, 3, 6, 6))
    model, batch = canonical(seeded(net, 4), (3, 6, 6)), images(5, (3, 6, 6))
    parameters = IntegratedGradientsParameters.model_validate({"steps": 200, "baseline": start})
    method = bound(Method.INTEGRATED_GRADIENTS, parameters)
    maps = build([method], model, batch_size=200)(model, batch, seed=0).maps[method.label]
    assert completeness(model, batch, maps, parameters=parameters).median() < 0.03
