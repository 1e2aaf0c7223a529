"""Relevance against the papers' formulas by hand, and what it sums to."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from junco.audit.batch import Batch
from junco.audit.explain import REGISTRY, Pass
from junco.audit.explain.rules.formulas import AlphaBeta, Epsilon
from junco.audit.explain.rules.parts import Anatomy
from junco.audit.explain.rules.relevance import Rules, _back, relevance
from junco.audit.explain.rules.roles import Role
from junco.audit.explain.rules.trace import Trace, walk
from junco.audit.graph.activations import Ceiling
from junco.audit.model import Canonical
from junco.contract.catalogue import METHODS, Method
from tests.audit.explain.models import canonical, images, seeded
from tests.audit.explain.rules import by_hand, nets

LOW, HIGH = np.zeros(192), np.ones(192)
BY_HAND: dict[Method, tuple[by_hand.Share, by_hand.Share]] = {
    Method.LRP_EPSILON: (by_hand.epsilon(0.05), by_hand.epsilon(0.05)),
    Method.LRP_GAMMA: (by_hand.gamma(0.5), by_hand.gamma(0.5)),
    Method.LRP_Z_PLUS: (by_hand.z_plus, by_hand.z_plus),
    Method.LRP_ALPHA2_BETA1: (by_hand.box(LOW, HIGH), by_hand.alpha_beta),
    Method.DEEP_TAYLOR: (by_hand.box(LOW, HIGH), by_hand.z_plus),
}
PARAMETERS = {Method.LRP_EPSILON: {"epsilon": 0.05}, Method.LRP_GAMMA: {"gamma": 0.5}}


def settled(*layers: nn.Module) -> list[nn.Module]:
    """Seeded weights, and statistics of BatchNorms away from 0 and 1."""
    net = seeded(nn.Sequential(*layers), 4).double().eval()
    for part in net.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean = torch.linspace(-0.3, 0.4, part.num_features).double()
            part.running_var = torch.linspace(0.5, 2, part.num_features).double()
    return list(net)


def perceptron() -> list[list[nn.Module]]:
    """Two linear layers."""
    a, b, c = settled(nn.Flatten(), nn.Linear(192, 10), nn.Linear(10, 4))
    return [[a, b], [c]]


def convolutions() -> list[list[nn.Module]]:
    """Strided, dilated and grouped, a norm behind one, a mean at the end."""
    layers = settled(
        nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.BatchNorm2d(4), nn.Conv2d(4, 6, 3, padding=2, dilation=2, groups=2),
        nn.AvgPool2d(2), nn.Flatten(), nn.Linear(24, 4),
    )  # fmt: skip
    return [layers[:2], [layers[2]], layers[3:]]


def transposed() -> list[list[nn.Module]]:
    """Depthwise, then a transposed convolution in groups with a norm behind it."""
    layers = settled(
        nn.Conv2d(3, 4, 3), nn.ConvTranspose2d(4, 4, 2, stride=2, groups=2), nn.BatchNorm2d(4), nn.Flatten(),
        nn.Linear(576, 4),
    )  # fmt: skip
    return [[layers[0]], layers[1:3], layers[3:]]


def module(groups: list[list[nn.Module]]) -> Canonical:
    """The groups with a ReLU between them."""
    parts = [part for group in groups for part in (*group, nn.ReLU())][:-1]
    return canonical(nn.Sequential(*parts), nets.SHAPE)


@pytest.mark.parametrize("make", [perceptron, convolutions, transposed])
@pytest.mark.parametrize("name", list(BY_HAND))
def test_relevance_is_the_papers_formula(name: Method, make: Callable[[], list[list[nn.Module]]]) -> None:
    """Unit by unit with explicit matrices, to 1e-9 in float64; a mean before a linear layer is a step of its own."""
    groups, batch = make(), images(3, nets.SHAPE)
    found = nets.drawn(module(groups), batch, name, **PARAMETERS.get(name, {}))
    first, other = BY_HAND[name]
    split = [g for group in groups for g in ([group[:1], group[1:]] if isinstance(group[0], nn.AvgPool2d) else [group])]
    shares = [first, *[other] * (len(split) - 1)]
    for i in range(3):
        # A mean of what a ReLU lets through is not negative, so that a ReLU after it changes nothing.
        expected = by_hand.back(split, batch.x[i], int(batch.targets[i]), shares, start=None)
        np.testing.assert_allclose(found[i].flatten().numpy(), expected, rtol=1e-9, atol=1e-10 * abs(expected).max())


def test_alpha_beta_with_the_zero_root_is_the_same_rule_everywhere() -> None:
    """root 'zero' has no z^B: the first layer's inputs count from zero, negative ones too."""
    groups, batch = convolutions(), images(2, nets.SHAPE)
    batch = Batch(batch.x - 0.5, batch.targets, batch.index, batch.box)
    found = nets.drawn(module(groups), batch, Method.LRP_ALPHA2_BETA1, root="zero")
    split = [groups[0], groups[1], groups[2][:1], groups[2][1:]]
    for i in range(2):
        expected = by_hand.back(split, batch.x[i], int(batch.targets[i]), [by_hand.alpha_beta] * 4, start=None)
        np.testing.assert_allclose(found[i].flatten().numpy(), expected, rtol=1e-9, atol=1e-10 * abs(expected).max())


def test_a_start_of_one_is_the_map_over_its_logit() -> None:
    """Rules are linear in what they start with."""
    model, batch = nets.mixed(), images(3, nets.SHAPE)
    for name in (Method.LRP_EPSILON, Method.LRP_Z_PLUS, Method.DEEP_TAYLOR):
        logit, one = (nets.drawn(model, batch, name, start=start) for start in ("logit", "one"))
        expected = logit / nets.scores(model, batch)[:, None, None, None]
        torch.testing.assert_close(one, expected, rtol=1e-10, atol=1e-12)


CONSERVING = [Method.LRP_Z_PLUS, Method.LRP_ALPHA2_BETA1, Method.DEEP_TAYLOR]
EVERY = [*CONSERVING, Method.LRP_EPSILON, Method.LRP_GAMMA]


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), norm=st.booleans(), gate=st.booleans(), low=st.booleans())
def test_what_is_not_absorbed_arrives(seed: int, *, norm: bool, gate: bool, low: bool) -> None:
    """On random networks with residual additions, BatchNorm, ReLU6, depthwise and dilated convolutions, maxima, means,
    concatenation and gates: the map sums to the logit less what the formulas say is absorbed, to 1e-9 in float64."""
    model, batch = nets.mixed(seed, norm=norm, gate=gate, low=low), images(2, nets.SHAPE)
    run, logit = Pass(model, batch), nets.scores(model, batch)
    for name in EVERY:
        entry, chosen = REGISTRY[name], METHODS[name].parameters()
        assert entry.sums_to is not None
        total, maps = entry.sums_to(run, chosen), entry.run(run, chosen)
        scale = float(maps.abs().sum((1, 2, 3)).max() + logit.abs().max())
        torch.testing.assert_close(maps.sum((1, 2, 3)), total, rtol=0, atol=1e-9 * scale)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), low=st.booleans())
def test_without_biases_nothing_is_absorbed(seed: int, *, low: bool) -> None:
    """All rules then sum to the logit; epsilon alone takes a share, of its own size."""
    model, batch = nets.mixed(seed, bias=False, norm=False, low=low), images(2, nets.SHAPE)
    logit = nets.scores(model, batch)
    for name in EVERY:
        maps = nets.drawn(model, batch, name)
        loose = 1e-4 if name is Method.LRP_EPSILON else 1e-9
        torch.testing.assert_close(maps.sum((1, 2, 3)), logit, rtol=0, atol=loose * float(maps.abs().sum()))


@pytest.mark.parametrize("rules", [Rules(AlphaBeta(1, 0)), Rules(AlphaBeta(2, 1)), Rules(Epsilon(0.0), biased=True)])
def test_every_node_hands_on_what_it_gets(rules: Rules) -> None:
    """Per layer, without biases: relevance at a node's sources sums to that at its output, to 1e-10 of it."""
    model, batch = nets.mixed(bias=False, norm=False), images(2, nets.SHAPE)
    trace = Trace(Anatomy(model.graph_module), batch.x)
    seen: list[Role] = []

    def back(node: torch.fx.Node, signal: torch.Tensor) -> list[torch.Tensor]:
        part = trace.anatomy.parts[node]
        found = list(_back(trace, node, signal, rules))
        got = sum(float(piece.sum()) for piece in found[: len(part.sources)])
        assert got == pytest.approx(float(signal.sum()), abs=1e-10 * float(signal.abs().sum()))
        seen.append(part.role)
        return found

    start = torch.ones_like(model(batch.x))
    walk(trace, start, back)
    assert {Role.LAYER, Role.SUM, Role.MAX, Role.MOVE, Role.ACTIVATION} <= set(seen)


def test_z_plus_is_never_of_the_other_sign() -> None:
    """Its map has the logit's sign everywhere."""
    model, batch = nets.mixed(3), images(4, nets.SHAPE)
    maps = nets.drawn(model, batch, Method.LRP_Z_PLUS) * nets.scores(model, batch).sign()[:, None, None, None]
    assert maps.min() >= 0 < maps.max()


def test_epsilon_takes_more_the_larger_it_is() -> None:
    """A bias-free network keeps y / (y + epsilon) of each unit's relevance: less of the logit for a larger epsilon."""
    model, batch = nets.mixed(bias=False, norm=False), images(2, nets.SHAPE)
    kept = [
        (nets.drawn(model, batch, Method.LRP_EPSILON, epsilon=e).sum((1, 2, 3)) / nets.scores(model, batch)).abs().sum()
        for e in (1e-9, 0.1, 10.0)
    ]
    assert kept[0] == pytest.approx(2, abs=1e-6)
    assert kept[2] < 0.1 * kept[0]


def test_a_unit_that_its_bias_alone_drives_hands_nothing_on() -> None:
    """A black image under z+: no contribution, the logit stays with the biases, and the balance says so."""
    model, batch = nets.chain(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 4)), images(2, nets.SHAPE)
    batch = Batch(torch.zeros_like(batch.x), batch.targets, batch.index, batch.box)
    entry, chosen = REGISTRY[Method.LRP_Z_PLUS], METHODS[Method.LRP_Z_PLUS].parameters()
    assert entry.sums_to is not None
    assert nets.drawn(model, batch, Method.LRP_Z_PLUS).abs().max() == 0
    assert entry.sums_to(Pass(model, batch), chosen).abs().max() < 1e-12


def test_relevance_of_relu6_passes_its_ceiling() -> None:
    """y = 2 min(relu(3 x), 6) at x = 5: the activation hands on all of z = 12, where the gradient is 0."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(1, 1, bias=False), nn.ReLU(), Ceiling(6.0), nn.Linear(1, 1, bias=False))
    with torch.no_grad():
        net[1].weight.fill_(3)
        net[4].weight.fill_(2)
    model, batch = canonical(net, (1, 1, 1)), images(1, (1, 1, 1))
    batch = Batch(torch.full((1, 1, 1, 1), 5.0).double(), torch.zeros(1, dtype=torch.long), (0,), batch.box)
    assert nets.drawn(model, batch, Method.LRP_EPSILON, epsilon=0).item() == pytest.approx(12)
    assert nets.drawn(model, batch, Method.GRADIENT).item() == 0


def test_a_gate_gets_nothing() -> None:
    """x * sigmoid(g(x)): relevance is that of x, the gate's weights count for nothing (Arras et al. 2019)."""

    class Gated(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gate = nn.Conv2d(3, 3, 1)
            self.sigmoid = nn.Sigmoid()
            self.fc = nn.Linear(192, 4, bias=False)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc((x * self.sigmoid(self.gate(x))).flatten(1))

    model, batch = canonical(seeded(Gated()), nets.SHAPE), images(2, nets.SHAPE)
    with torch.no_grad():
        gated = batch.x * torch.sigmoid(model.submodule("gate")(batch.x))
    weight = model.module.get_parameter("fc.weight")[batch.targets].view(2, *nets.SHAPE)
    found = nets.drawn(model, batch, Method.LRP_EPSILON, epsilon=0)
    torch.testing.assert_close(found, gated * weight, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("rule", [AlphaBeta(1, 0), AlphaBeta(2, 1)])
def test_chains_by_sign_converge_and_the_identitys_does_not(rule: AlphaBeta) -> None:
    """O20: through ten layers two random relevances at the top become parallel (cosine > 0.999), and stay apart under
    the identity's rule (epsilon on an identity matrix)."""
    layers = [part for _ in range(10) for part in (nn.Linear(192, 192, bias=False), nn.ReLU())][:-1]
    model, batch = nets.chain(nn.Flatten(), *layers), images(1, nets.SHAPE)
    trace = Trace(Anatomy(model.graph_module), batch.x)
    generator = torch.Generator().manual_seed(1)
    tops = [torch.randn(1, 192, generator=generator, dtype=torch.float64) for _ in range(2)]
    apart = torch.cosine_similarity(*tops).abs().item()
    ends = [relevance(trace, top, Rules(rule)).flatten(1) for top in tops]
    assert torch.cosine_similarity(*ends).abs().item() > 0.999 > 0.5 > apart
    with torch.no_grad():
        for parameter in model.module.parameters():
            parameter.copy_(torch.eye(192))
    same = Trace(Anatomy(model.graph_module), batch.x)
    ends = [relevance(same, top, Rules(Epsilon(0.0), biased=True)).flatten(1) for top in tops]
    assert torch.cosine_similarity(*ends).item() == pytest.approx(torch.cosine_similarity(*tops).item(), abs=1e-9)
