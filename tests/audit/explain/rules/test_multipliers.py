"""DeepLIFT's Rescale rule against Captum, against a hand-made case, and its completeness."""

import itertools
import warnings

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from junco.audit.batch import Batch
from junco.audit.explain import REGISTRY, Pass
from junco.audit.explain.rules.multipliers import multipliers
from junco.audit.explain.rules.parts import Anatomy
from junco.audit.explain.rules.ties import held
from junco.audit.explain.rules.trace import Trace
from junco.contract.catalogue import METHODS, DeepLiftParameters, Method
from tests.audit.explain.models import canonical, convnet, images, seeded
from tests.audit.explain.rules import nets


@pytest.mark.parametrize("kind", ["zero", "mean"])
@pytest.mark.parametrize("activation", [nn.ReLU, nn.Sigmoid, nn.LeakyReLU])
def test_multipliers_equal_captums_on_a_row_of_layers(activation: type[nn.Module], kind: str) -> None:
    """Convolutions, activations, means: to 1e-9 in float64, from a black and from a grey reference."""
    from captum.attr import DeepLift

    layers = [nn.Conv2d(3, 6, 3), activation(), nn.AvgPool2d(2), nn.Conv2d(6, 6, 3), activation(), nn.Flatten()]
    model, batch = nets.chain(*layers, nn.Linear(6, 4)), images(5, nets.SHAPE)
    found = nets.drawn(model, batch, Method.DEEP_LIFT, baseline=kind)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = torch.full_like(batch.x, 0.0 if kind == "zero" else 0.5)
        expected = DeepLift(model.module).attribute(batch.x.clone(), start, batch.targets).detach()
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-11)


def test_a_maximum_shares_what_it_gained() -> None:
    """max goes from 2 (first place) at the reference to 3 (second place): the second place gets the 1 that was gained.

    Captum gives it 2, twice what the output gained; it is no oracle for maxima.
    """
    net = nn.Sequential(nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(1, 1, bias=False))
    with torch.no_grad():
        net[3].weight.fill_(1)
    x = torch.tensor([[[[1.0, 3.0], [2.0, 0.5]]]]).double()
    reference = torch.tensor([[[[2.0, 1.0], [0.2, 0.1]]]]).double()
    model = canonical(net, (1, 2, 2))
    for here, there, expected in ((x, reference, [0, 1, 0, 0]), (reference, x, [0, -1, 0, 0])):
        anatomy = Anatomy(model.graph_module)
        trace, start = Trace(anatomy, here), torch.ones(1, 1).double()
        found = multipliers(trace, Trace(anatomy, there), start) * (here - there)
        assert found.flatten().tolist() == expected


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), norm=st.booleans(), gate=st.booleans(), kind=st.sampled_from(["zero", "mean"]))
def test_differences_are_complete(seed: int, *, norm: bool, gate: bool, kind: str) -> None:
    """Sums to z_c(x) - z_c(x0) on random networks with skips, ReLU6, BatchNorm, pooling, gates: 1e-9 in float64."""
    model, batch = nets.mixed(seed, norm=norm, gate=gate), images(2, nets.SHAPE)
    maps = nets.drawn(model, batch, Method.DEEP_LIFT, baseline=kind)
    start = Batch(torch.full_like(batch.x, 0.0 if kind == "zero" else 0.5), batch.targets, batch.index, batch.box)
    climbed = nets.scores(model, batch) - nets.scores(model, start)
    torch.testing.assert_close(maps.sum((1, 2, 3)), climbed, rtol=0, atol=1e-9 * float(maps.abs().sum()))
    entry = REGISTRY[Method.DEEP_LIFT]
    assert entry.sums_to is not None
    promised = entry.sums_to(Pass(model, batch), DeepLiftParameters.model_validate({"baseline": kind}))
    torch.testing.assert_close(promised, climbed, rtol=1e-10, atol=1e-12)


def test_a_saturated_unit_is_credited() -> None:
    """y = 1 - relu(1 - x1 - x2) at (1, 1): the gradient is 0, DeepLIFT gives 1/2 to each (paper, figure 1)."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(2, 1), nn.ReLU(), nn.Linear(1, 1))
    with torch.no_grad():
        net[1].weight.fill_(-1)
        net[1].bias.fill_(1)
        net[3].weight.fill_(-1)
        net[3].bias.fill_(1)
    model, batch = canonical(net, (1, 1, 2)), images(1, (1, 1, 2))
    batch = Batch(torch.ones(1, 1, 1, 2).double(), torch.zeros(1, dtype=torch.long), (0,), batch.box)
    assert nets.drawn(model, batch, Method.GRADIENT).abs().max() == 0
    assert nets.drawn(model, batch, Method.DEEP_LIFT).flatten().tolist() == [0.5, 0.5]


@pytest.mark.parametrize("kind", [nn.SiLU, nn.GELU, nn.Sigmoid, nn.Softplus])
def test_any_activation_has_a_quotient(kind: type[nn.Module]) -> None:
    """Complete through curved activations too."""
    model = nets.chain(nn.Conv2d(3, 4, 3), kind(), nn.Flatten(), nn.Linear(144, 4))
    batch = images(3, nets.SHAPE)
    maps = nets.drawn(model, batch, Method.DEEP_LIFT)
    black = Batch(torch.zeros_like(batch.x), batch.targets, batch.index, batch.box)
    climbed = nets.scores(model, batch) - nets.scores(model, black)
    torch.testing.assert_close(maps.sum((1, 2, 3)), climbed, rtol=1e-9, atol=1e-11)


def test_homogeneous_networks_give_one_map_under_four_names() -> None:
    """O6: without biases IG(0) = x * gradient = LRP-epsilon (epsilon to 0) = DeepLIFT(0), to 1e-9 in float64."""
    model, batch = convnet(bias=0), images()
    product = nets.drawn(model, batch, Method.INPUT_X_GRADIENT)
    for found in (
        nets.drawn(model, batch, Method.INTEGRATED_GRADIENTS),
        nets.drawn(model, batch, Method.LRP_EPSILON, epsilon=1e-12),
        nets.drawn(model, batch, Method.DEEP_LIFT),
    ):
        torch.testing.assert_close(found, product, rtol=1e-6, atol=1e-9)


def test_products_of_two_values_are_shared_exactly() -> None:
    """x * x is complete: each factor takes the mean of the other."""

    class Square(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)
            self.fc = nn.Linear(144, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.conv(x)
            return self.fc((x * x).flatten(1))

    model, batch = canonical(seeded(Square()), nets.SHAPE), images(2, nets.SHAPE)
    maps = nets.drawn(model, batch, Method.DEEP_LIFT)
    entry = REGISTRY[Method.DEEP_LIFT]
    assert entry.sums_to is not None
    due = entry.sums_to(Pass(model, batch), METHODS[Method.DEEP_LIFT].parameters())
    torch.testing.assert_close(maps.sum((1, 2, 3)), due, rtol=1e-10, atol=1e-12)
    assert nets.refused(model, Method.LRP_EPSILON) == "LRP has no rule for a product, which the model has"


@pytest.mark.parametrize(
    "pool",
    [
        nn.MaxPool2d(2),
        nn.MaxPool2d(3, stride=2, padding=1),
        nn.MaxPool2d(3, stride=2, ceil_mode=True),
        nn.MaxPool2d((1, 3)),
    ],
)
def test_a_maximum_of_equals_is_held_by_all_of_them(pool: nn.MaxPool2d) -> None:
    """On an image of one colour each place of a window gets the same part; without equals it is the gradient."""
    model = canonical(nn.Sequential(nn.ReLU(), pool, nn.Flatten()), (2, 5, 7))
    node = next(n for n in model.graph_module.graph.nodes if n.target == "1")
    for x in (torch.full((1, 2, 5, 7), 0.5).double(), images(1, (2, 5, 7)).x):
        trace = Trace(Anatomy(model.graph_module), x)
        signal = torch.ones_like(trace.value(node))
        windows = torch.zeros_like(x)
        for i, j in itertools.product(*map(range, signal.shape[2:])):
            mask = torch.zeros_like(signal)
            mask[:, :, i, j] = 1
            seen = reach(pool, x, mask)
            top = torch.where(seen, x, -torch.inf).amax((2, 3), keepdim=True)
            holders = (seen & (x == top)).double()
            windows += holders / holders.sum((2, 3), keepdim=True)
        torch.testing.assert_close(held(trace, node, signal), windows, rtol=1e-12, atol=1e-13)


def reach(pool: nn.MaxPool2d, x: Tensor, mask: Tensor) -> Tensor:
    """Which pixels the output at ``mask`` looks at: those that raise it when they alone are high."""
    seen = torch.zeros_like(x, dtype=torch.bool)
    for i, j in itertools.product(*map(range, x.shape[2:])):
        one = torch.zeros_like(x)
        one[:, :, i, j] = 1
        seen[:, :, i, j] = (pool(one) * mask).sum((2, 3)) > 0
    return seen
