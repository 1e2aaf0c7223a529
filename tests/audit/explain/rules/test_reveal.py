"""DeepLIFT's RevealCancel rule against the paper's definition unit by unit, its example, and its completeness."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor, nn

from junco.audit.batch import Batch
from junco.audit.explain import REGISTRY, Pass
from junco.audit.model import Canonical
from junco.contract.catalogue import DeepLiftParameters, Method
from tests.audit.explain.models import canonical, images, seeded
from tests.audit.explain.rules import nets

Floats = NDArray[np.float64]
Layers = list[tuple[Floats, Floats]]


def revealed(model: Canonical, batch: Batch, **parameters: object) -> Tensor:
    """DeepLIFT by RevealCancel."""
    return nets.drawn(model, batch, Method.DEEP_LIFT, rule="reveal_cancel", **parameters)


def by_definition(layers: Layers, x: Floats, start: Floats, target: int, f: Callable[[Floats], Floats]) -> Floats:
    """The paper's 3.5.1 and 3.5.3 for one image of a perceptron, with loops over units."""
    differences, sides, origins = [x - start], [], []
    here, there = x, start
    for k, (weight, bias) in enumerate(layers):
        sides.append([[sum(w * d for w, d in zip(row, differences[-1], strict=True) if sign * w * d > 0)
                       for row in weight] for sign in (1, -1)])  # fmt: skip
        here, there = weight @ here + bias, weight @ there + bias
        origins.append(there)
        if k < len(layers) - 1:
            here, there = f(here), f(there)
            differences.append(here - there)
    found = np.eye(len(layers[-1][0]))[target]
    pair = found, found
    for k in reversed(range(len(layers))):
        weight, moved = layers[k][0], differences[k]
        found = np.zeros(len(moved))
        for i, d in enumerate(moved):
            for j, row in enumerate(weight):
                speaks = row[i] * d
                above, below = pair[0][j], pair[1][j]
                found[i] += row[i] * (above if speaks > 0 else below if speaks < 0 else (above + below) / 2)
        if k:
            up, down, origin = np.array(sides[k - 1][0]), np.array(sides[k - 1][1]), origins[k - 1]
            end = origin + up + down
            both = f(end)
            for_ = (f(origin + up) - f(origin) + both - f(origin + down)) / 2
            against = (f(origin + down) - f(origin) + both - f(origin + up)) / 2
            slope = (f(end + 1e-6) - f(end - 1e-6)) / 2e-6
            pair = found * over(for_, up, slope), found * over(against, down, slope)
    return found * (x - start)


def over(gained: Floats, moved: Floats, slope: Floats) -> Floats:
    """The quotient; the slope at the image where nothing moved, of which the paper says nothing."""
    return np.divide(gained, moved, out=slope.copy(), where=moved != 0)


@pytest.mark.parametrize("grey", [0.0, 0.5])
@pytest.mark.parametrize(
    ("activation", "f"),
    [
        (nn.ReLU, lambda z: np.maximum(z, 0)),
        (nn.Tanh, np.tanh),
        (nn.LeakyReLU, lambda z: np.where(z > 0, z, 0.01 * z)),
    ],
)
def test_multipliers_are_the_papers(activation: type[nn.Module], f: Callable[[Floats], Floats], grey: float) -> None:
    """Three linear layers, from a black and from a grey reference, to 1e-8 in float64."""
    shape = (1, 2, 4)
    model = nets.chain(
        nn.Flatten(), nn.Linear(8, 7), activation(), nn.Linear(7, 6), activation(), nn.Linear(6, 4), shape=shape
    )
    batch = images(4, shape)
    state = {name: value.numpy() for name, value in model.module.state_dict().items()}
    layers = [(state[f"{k}.weight"], state[f"{k}.bias"]) for k in (1, 3, 5)]
    found = revealed(model, batch, baseline="mean" if grey else "zero").flatten(1).numpy()
    for i, x in enumerate(batch.x.flatten(1).numpy()):
        expected = by_definition(layers, x, np.full(8, grey), int(batch.targets[i]), f)
        np.testing.assert_allclose(found[i], expected, rtol=1e-8, atol=1e-9)
    rescale = nets.drawn(model, batch, Method.DEEP_LIFT, baseline="mean" if grey else "zero").flatten(1).numpy()
    assert np.abs(found - rescale).max() > 0.01 * np.abs(found).max()


def test_the_smaller_of_two_is_due_to_both() -> None:
    """The paper's 3.4: min(a, b) = a - relu(a - b) at (3, 2) gives 1 to each; the gradient and Rescale give b all 2."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(2, 2, bias=False), nn.ReLU(), nn.Linear(2, 1, bias=False))
    with torch.no_grad():
        net[1].weight.copy_(torch.tensor([[1.0, 0.0], [1.0, -1.0]]))
        net[3].weight.copy_(torch.tensor([[1.0, -1.0]]))
    model, like = canonical(net, (1, 1, 2)), images(1, (1, 1, 2))
    batch = Batch(torch.tensor([[[[3.0, 2.0]]]]).double(), torch.zeros(1, dtype=torch.long), (0,), like.box)
    assert revealed(model, batch).flatten().tolist() == [1, 1]
    assert nets.drawn(model, batch, Method.DEEP_LIFT).flatten().tolist() == [0, 2]
    assert nets.drawn(model, batch, Method.INPUT_X_GRADIENT).flatten().tolist() == [0, 2]


def test_a_convolution_is_its_matrix() -> None:
    """Strided, padded and grouped, with a BatchNorm behind it, as one linear layer: 1e-10 in float64."""
    shape = (4, 6, 6)
    conv, norm = nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2), nn.BatchNorm2d(6)
    head = [nn.ReLU(), nn.Flatten(), nn.Linear(54, 4)]
    model = nets.chain(conv, norm, *head, shape=shape)
    first = nn.Sequential(conv, norm)
    basis = torch.eye(144, dtype=torch.float64).view(144, *shape)
    bias = first(torch.zeros(1, *shape).double())
    flat = nn.Linear(144, 54).double()
    with torch.no_grad():
        flat.weight.copy_((first(basis) - bias).flatten(1).T)
        flat.bias.copy_(bias.flatten())
    dense = canonical(nn.Sequential(nn.Flatten(), flat, *head), shape)
    batch = images(3, shape)
    torch.testing.assert_close(revealed(model, batch), revealed(dense, batch), rtol=1e-9, atol=1e-11)


class Joined(nn.Module):
    """relu of two linear layers' values, or of a layer's and the image itself, one behind the other."""

    def __init__(self, second: nn.Module) -> None:
        super().__init__()
        self.flatten = nn.Flatten()
        self.first = nn.Linear(8, 5)
        self.second = second
        self.relu = nn.ReLU()
        self.fc = nn.Linear(5 + (5 if isinstance(second, nn.Linear) else 8), 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.flatten(x)
        both = torch.cat([self.first(x), self.second(x)], 1).unsqueeze(1)
        return self.fc(self.relu(both).squeeze(1))


@pytest.mark.parametrize("second", [nn.Linear(8, 5), nn.Identity()])
def test_moves_carry_both_sides(second: nn.Module) -> None:
    """A concatenation before a ReLU is one layer of all rows; what is no sum has one contribution, like a row of 1."""
    shape = (1, 2, 4)
    net = seeded(Joined(second), 5)
    assert isinstance(net, Joined)
    model, batch = canonical(net, shape), images(4, shape)
    rows = second if isinstance(second, nn.Linear) else None
    flat = nn.Linear(8, net.fc.in_features).double()
    with torch.no_grad():
        flat.weight.copy_(torch.cat([net.first.weight, torch.eye(8).double() if rows is None else rows.weight]))
        flat.bias.copy_(torch.cat([net.first.bias, torch.zeros(8).double() if rows is None else rows.bias]))
    plain = canonical(nn.Sequential(nn.Flatten(), flat, nn.ReLU(), net.fc), shape)
    for grey in ("zero", "mean"):
        found, expected = (revealed(m, batch, baseline=grey) for m in (model, plain))
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-11)


class Residual(nn.Module):
    """relu of the difference of two layers' values."""

    def __init__(self) -> None:
        super().__init__()
        self.flatten = nn.Flatten()
        self.first, self.second = nn.Linear(8, 5), nn.Linear(8, 5)
        self.relu = nn.ReLU()
        self.fc = nn.Linear(5, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.flatten(x)
        return self.fc(self.relu(self.first(x) - self.second(x)))


def test_a_sum_parts_what_it_adds() -> None:
    """A subtraction is a layer of weights 1 and -1 behind the two: the same map as with that layer written out."""
    shape = (1, 2, 4)
    net = seeded(Residual(), 6)
    assert isinstance(net, Residual)
    both, apart = nn.Linear(8, 10).double(), nn.Linear(10, 5, bias=False).double()
    with torch.no_grad():
        both.weight.copy_(torch.cat([net.first.weight, net.second.weight]))
        both.bias.copy_(torch.cat([net.first.bias, net.second.bias]))
        apart.weight.copy_(torch.cat([torch.eye(5), -torch.eye(5)], 1))
    model = canonical(net, shape)
    plain = canonical(nn.Sequential(nn.Flatten(), both, apart, nn.ReLU(), net.fc), shape)
    batch = images(4, shape)
    torch.testing.assert_close(revealed(model, batch), revealed(plain, batch), rtol=1e-9, atol=1e-11)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), norm=st.booleans(), gate=st.booleans(), kind=st.sampled_from(["zero", "mean"]))
def test_what_is_revealed_is_complete(seed: int, *, norm: bool, gate: bool, kind: str) -> None:
    """Sums to z_c(x) - z_c(x0) on random networks with skips, ReLU6, BatchNorm, pooling, gates: 1e-9 in float64."""
    model, batch = nets.mixed(seed, norm=norm, gate=gate), images(2, nets.SHAPE)
    maps = revealed(model, batch, baseline=kind)
    entry = REGISTRY[Method.DEEP_LIFT]
    assert entry.sums_to is not None
    promised = entry.sums_to(Pass(model, batch), DeepLiftParameters.model_validate({"baseline": kind}))
    torch.testing.assert_close(maps.sum((1, 2, 3)), promised, rtol=0, atol=1e-9 * float(maps.abs().sum()))
