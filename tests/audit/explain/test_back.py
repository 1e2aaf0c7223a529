"""Any start carried back by the methods' own rules: against autograd, against the methods, and against theory."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from junco.audit.batch import Batch
from junco.audit.checks.convergence import ConvergenceStudy, expected, run
from junco.audit.explain import REGISTRY, Carrier, Pass
from junco.audit.explain.back import PLACES
from junco.audit.explain.rules.passage import traced
from junco.audit.model import Canonical
from junco.contract.catalogue import METHODS, BetaParameters, Method
from junco.contract.converging import BY_RULE
from tests.audit.explain.models import bound, canonical, convnet, images, preactivation, seeded
from tests.audit.explain.rules import nets

FORGETS = (Method.GUIDED_BACKPROP, Method.LRP_Z_PLUS, Method.LRP_ALPHA2_BETA1, Method.DEEP_TAYLOR, Method.PATTERN_NET,
           Method.PATTERN_ATTRIBUTION, Method.LRP_GAMMA)  # fmt: skip
KEEPS = (Method.GRADIENT, Method.LRP_EPSILON, Method.DEEP_LIFT)


def learning(batch: Batch) -> Batch:
    """``batch`` with a dozen images for methods that learn from some."""
    _, channels, height, width = batch.x.shape
    return replace(batch, references=images(12, (channels, height, width)).x.to(batch.x))


def test_the_contract_knows_who_goes_by_a_rule() -> None:
    """So that a plan's cost is known without the maths."""
    assert {name for name in REGISTRY if REGISTRY[name].way} == BY_RULE


@pytest.mark.parametrize("name", sorted(BY_RULE))
def test_the_way_of_a_method_is_the_one_that_its_map_comes_by(name: Method) -> None:
    """With all weight on the target the way ends in the method's map."""
    model = nets.mixed()
    run_ = Pass(model, learning(images(2, nets.SHAPE)))
    parameters = METHODS[name].parameters()
    (part,) = traced(run_, run_.x, run_.batch.targets)
    find = REGISTRY[name].way
    way = find(run_, parameters) if find else None
    assert way is not None
    found = way(part.trace, part.chosen)
    found = found.sum(1, keepdim=True) if name is Method.EXCITATION_BACKPROP else found
    torch.testing.assert_close(found, REGISTRY[name].run(run_, parameters), rtol=1e-9, atol=1e-12)


class Squared(nn.Module):
    """A linear layer on y + y * y, y the image behind another: both factors of the product are one node."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(12, 6)
        self.last = nn.Linear(6, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.first(x.flatten(1))
        return self.last(y + y * y)


@pytest.mark.parametrize("name", [Method.GRADIENT, Method.DEEP_LIFT])
def test_a_factor_that_is_both_factors_counts_once_for_each(name: Method) -> None:
    """d(y y) is 2 y dy, not 4 y dy: the way by nodes ends in the map here too."""
    model = canonical(seeded(Squared(), 0), (3, 2, 2))
    run_ = Pass(model, images(2, (3, 2, 2)))
    find, parameters = REGISTRY[name].way, METHODS[name].parameters()
    (part,) = traced(run_, run_.x, run_.batch.targets)
    way = find(run_, parameters) if find else None
    assert way is not None
    found = way(part.trace, part.chosen)
    torch.testing.assert_close(found, REGISTRY[name].run(run_, parameters), rtol=1e-9, atol=1e-12)
    x = run_.x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(model.module(x).gather(1, run_.batch.targets[:, None]).sum(), x)
    if name is Method.GRADIENT:
        torch.testing.assert_close(found, slope, rtol=1e-9, atol=1e-12)


def test_signals_at_layers_are_those_of_autograd() -> None:
    """The plain gradient of any combination of logits, at every layer's output; linear layers have one place."""
    model = convnet()
    starts = torch.randn(3, 4, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    batch = images(1)
    ((label, signals),) = Carrier((bound(Method.GRADIENT),), model)(batch, starts)
    assert (label, list(signals)) == ("gradient", ["6", "3", "0"])
    kept: dict[str, torch.Tensor] = {}
    for name in signals:
        model.submodule(name).register_forward_hook(lambda _m, _i, y, name=name: kept.update({name: y}))
    logits = model.module(batch.x.clone().requires_grad_())
    for name, found in signals.items():
        for start, signal in zip(starts, found, strict=True):
            (wanted,) = torch.autograd.grad((logits * start).sum(), kept[name], retain_graph=True)
            flat = wanted[0].flatten(1).T if wanted.dim() == 4 else wanted
            torch.testing.assert_close(signal, flat, rtol=1e-10, atol=1e-12)


def chain(depth: int, *, skip: bool = False) -> Canonical:
    """``depth`` random convolutions of 16 channels with ReLUs, then the mean and ten classes."""
    layers: list[nn.Module] = [nn.Conv2d(3, 16, 3, padding=1), nn.ReLU()]
    layers += [part for _ in range(depth - 1) for part in (nn.Conv2d(16, 16, 3, padding=1), nn.ReLU())]
    net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))
    return canonical(seeded(net), (3, 10, 10), dtype=torch.float32, spatial=(str(len(layers) - 1),))


@pytest.fixture(scope="module")
def deep() -> dict[str, list[float]]:
    """Median |cosine| at each layer of twelve random convolutions, by method."""
    model, batch = chain(12), images(2, (3, 10, 10))
    batch = learning(replace(batch, x=batch.x.float()))
    carrier = Carrier(tuple(bound(name) for name in (*FORGETS, *KEEPS)), model)
    partial = run(ConvergenceStudy(carrier, classes=10, seed=0, draws=4), batch)
    return {key[0]: values.tolist() for key, values in partial.arrays.items() if key[-1] == "median"}


@pytest.mark.parametrize("name", FORGETS)
def test_rules_that_prefer_a_sign_forget_their_start(deep: dict[str, list[float]], name: Method) -> None:
    """Sixt et al.: nearly 1 at the lower end of a deep network, from far less at its upper end."""
    found = deep[name]
    assert found[0] < 0.5
    assert found[-1] > 0.98


@pytest.mark.parametrize("name", KEEPS)
def test_the_gradient_lrp_by_z_and_deep_lift_do_not(deep: dict[str, list[float]], name: Method) -> None:
    """What the paper clears stays far from 1 (16 channels and 10 classes: chance is .26)."""
    assert expected(10) == pytest.approx(0.26, abs=0.01)
    assert max(deep[name]) < 0.8


def test_forgetting_takes_depth(deep: dict[str, list[float]]) -> None:
    """Alpha-beta on two convolutions is where it was; on twelve it has converged."""
    carrier = Carrier((bound(Method.LRP_ALPHA2_BETA1),), chain(2))
    batch = images(2, (3, 10, 10))
    partial = run(ConvergenceStudy(carrier, 10, seed=0, draws=4), replace(batch, x=batch.x.float()))
    assert partial.arrays["lrp_alpha2_beta1", "convergence", "median"][-1] < 0.8 < deep["lrp_alpha2_beta1"][-1]


def test_large_layers_are_read_at_evenly_spaced_places() -> None:
    """No more than PLACES of them, the first included; small ones whole."""
    model = canonical(seeded(nn.Sequential(nn.Conv2d(1, 2, 1), nn.Flatten(), nn.Linear(2 * 1600, 3))), (1, 40, 40))
    batch, start = images(1, (1, 40, 40)), torch.eye(3, dtype=torch.float64)[:1]
    ((_, signals),) = Carrier((bound(Method.GRADIENT),), model)(batch, start)
    assert len(signals["0"][0]) == 800 <= PLACES
    weight = model.module.get_parameter("2.weight")[0].view(2, 1600).T
    torch.testing.assert_close(signals["0"][0], weight[::2], rtol=1e-12, atol=0)


def test_a_rule_has_no_way_where_it_knows_no_node() -> None:
    """A norm of the image's own stops the gradient's node by node account, and LRP-epsilon goes on."""
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.GroupNorm(2, 4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 100, 3))
    carrier = Carrier((bound(Method.GRADIENT), bound(Method.LRP_EPSILON)), canonical(seeded(net)))
    assert [label for label, _ in carrier(images(1), torch.ones(2, 3))] == ["lrp_epsilon"]


def test_methods_that_go_by_no_rule_are_left_out() -> None:
    """Integrated gradients have no rule of their own, and a smoothed twin is another network."""
    methods = (bound(Method.INTEGRATED_GRADIENTS), bound(Method.GRADIENT, BetaParameters(beta=1.0)))
    assert list(Carrier(methods, preactivation())(images(1), torch.ones(2, 4))) == []


def test_images_are_taken_one_by_one() -> None:
    """What arrives belongs to one image's own activations."""
    with pytest.raises(ValueError, match="one image at a time, not 2"):
        next(Carrier((bound(Method.GRADIENT),), convnet())(images(2), torch.ones(1, 4)))
