"""Oracles that need a whole network: O14, O16, and the two-class case. README.md lists where the others are."""

import copy
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from junco.audit.batch import Batch, Box
from junco.audit.explain import build
from junco.audit.graph import double, load
from junco.audit.model import Canonical
from junco.audit.verdict import changed
from junco.contract.catalogue import METHODS as CARDS
from junco.contract.catalogue import Control, Family, Method, Verdict
from tests.audit.explain.models import bound
from tests.truth import digits, models, product
from tests.truth.conftest import Trained

METHODS = tuple(
    name
    for name, card in CARDS.items()
    if card.deterministic and card.family in (Family.GRADIENT, Family.BACKPROP, Family.CAM)
    if card.parameters().least_images() == 1
)
"""What takes the network and one image alone."""


def maps(
    model: Canonical, x: Tensor, targets: Tensor, *, methods: Sequence[Method | Control] = METHODS
) -> dict[str, Tensor]:
    """Maps and logits of a lifted network."""
    one = torch.ones(1, dtype=torch.float64)
    batch = Batch(x.double(), targets, tuple(range(len(x))), Box(0 * one, one, 0.2 * one))
    found = build([bound(name) for name in methods], model)(model, batch, seed=0)
    return {**found.maps, "logits": found.logits}


def lifted(network: nn.Module) -> Canonical:
    """As the product loads it for the shift check, in float64."""
    return double(load(models.as_torchscript(network, digits.SHAPE, "traced"), input_shape=digits.SHAPE))


def permuted(network: nn.Sequential) -> nn.Sequential:
    """The same function with hidden channels and units in another order."""
    twin = copy.deepcopy(network)
    first, second, hidden, last = (part for part in twin if isinstance(part, nn.Conv2d | nn.Linear))
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for before, after, cells in ((first, second, 1), (second, hidden, 49), (hidden, last, 1)):
            order = torch.randperm(len(before.weight), generator=generator)
            before.weight.copy_(before.weight[order])
            before.bias.copy_(before.bias[order])  # type: ignore[union-attr]
            columns = torch.arange(after.weight.shape[1]).view(-1, cells) if cells > 1 else None
            after.weight.copy_(after.weight[:, order if columns is None else columns[order].flatten()])
    return twin


def test_a_network_in_another_order_is_the_same_network(small: Trained) -> None:
    """O14: tensors differ; outputs and all maps agree to float64 rounding; preflight says that nothing changed."""
    x = small.digits.x[::5]
    twin = permuted(small.network)
    for ours, theirs in zip(small.network.parameters(), twin.parameters(), strict=True):
        output_bias = len(ours) == 10 and ours.dim() == 1  # classes have no other order
        assert torch.equal(ours, theirs) is output_bias
    targets = small.network(x).argmax(1)
    before, after = maps(lifted(small.network), x, targets), maps(lifted(twin), x, targets)
    for name, value in before.items():
        torch.testing.assert_close(after[name], value, rtol=1e-9, atol=1e-10 * float(value.abs().max()))
    assert not changed(before["logits"].numpy(), [after["logits"].numpy()] * 5, limit=0.3).changed


class Offset(nn.Module):
    """z + h(x) for every class, h linear in the pixels."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.h = nn.Linear(784, 1, bias=False)
        with torch.no_grad():
            self.h.weight.copy_(torch.linspace(-3, 3, 784)[None])

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x) + self.h(torch.flatten(x, 1))


def test_an_offset_of_all_logits_shows_in_single_logits_only(small: Trained) -> None:
    """O16: softmax unchanged, each logit's gradient moved by grad h, the centred logit's gradient where it was."""
    x, classes = small.digits.x[::10], range(10)
    attacked = Offset(small.network)
    slope = attacked.h.weight.detach().double().view(1, 28, 28)
    before, after = lifted(small.network), lifted(attacked)
    plain = [maps(before, x, torch.full((5,), c), methods=[Method.GRADIENT]) for c in classes]
    moved = [maps(after, x, torch.full((5,), c), methods=[Method.GRADIENT]) for c in classes]
    torch.testing.assert_close(moved[0]["logits"].softmax(1), plain[0]["logits"].softmax(1), rtol=1e-9, atol=1e-12)
    ours, theirs = (torch.stack([m["gradient"] for m in found]) for found in (plain, moved))
    torch.testing.assert_close(theirs - ours, slope.expand_as(ours), rtol=1e-9, atol=1e-12)
    centred = [g - g.mean(0) for g in (ours, theirs)]
    torch.testing.assert_close(centred[1], centred[0], rtol=1e-9, atol=1e-12)


@pytest.fixture(scope="module")
def two_classes(small: Trained) -> nn.Sequential:
    """Odd or even: two logits of two biases."""
    network = copy.deepcopy(small.network)
    last = network[-1]
    assert isinstance(last, nn.Linear)
    head = nn.Linear(last.in_features, 2)
    with torch.no_grad():
        odd = torch.arange(10) % 2 == 1
        for i, chosen in enumerate((~odd, odd)):
            head.weight[i] = last.weight[chosen].mean(0)
            head.bias[i] = last.bias[chosen].mean() + i
    network[-1] = head
    return network.eval()


def test_a_two_class_job_can_be_judged(two_classes: nn.Sequential, small: Trained) -> None:
    """Two biases have one other order, and two logits correlate easily by chance: neither makes the job invalid."""
    file = models.as_torchscript(two_classes, digits.SHAPE, "traced")
    methods = ["gradient", "guided_backprop"]
    outcome = product.measured(file, small.digits, methods, labels=False, checks=["parameter_randomization"]).outcome()
    assert all(product.preflight(outcome).values()), product.check_run(outcome).preflight
    found = {m.label: m.verdict for m in (*outcome.methods, *outcome.controls)}
    assert found["edge_detector"] is Verdict.FAIL
    assert found["gaussian_noise"] is Verdict.INVALID
    assert found["gradient"] is Verdict.PASS
    assert found["guided_backprop"] is Verdict.FAIL


def test_a_job_with_no_randomisation_at_all_is_invalid(small: Trained) -> None:
    """O13, the whole way: full-depth logits of every seed as the original's, identical maps, and no accusation."""
    job = product.measured(small.file, small.digits[list(range(20))], ["guided_backprop"], profile="quick")
    partials = {}
    for i, partial in job.partials.items():
        arrays = dict(partial.arrays)
        for key, value in partial.arrays.items():
            if key[0] == "logits" and len(key) == 4:
                arrays[key] = partial.arrays["logits", "original"]
            elif key[-1] == "rho" and len(key) == 5:
                arrays[key] = np.ones_like(value)
        partials[i] = replace(partial, arrays=arrays)
    outcome = job.outcome(partials=partials)
    words = [product.check(outcome, m.label).verdict for m in (*outcome.methods, *outcome.controls)]
    assert set(words) == {Verdict.INVALID}
    assert outcome.verdict is not Verdict.FAIL
