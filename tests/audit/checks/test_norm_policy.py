"""Running statistics and scales under each policy."""

import pytest
import torch
from torch import Tensor, nn

from junco.audit.checks.norm_policy import spreads
from junco.audit.checks.randomise import randomised, snapshot
from junco.audit.types import Canonical
from junco.contract.catalogue import Arm
from junco.contract.conventions import AUDIT
from junco.contract.randomization import NormPolicy, Order, Randomization
from tests.audit.checks.test_randomise import State, images, stepped, twins
from tests.audit.explain.models import canonical, seeded
from tests.audit.graph.lifting import fresh
from tests.truth import models


def how(policy: NormPolicy = NormPolicy.RE_ESTIMATE, order: Order = Order.CASCADING) -> Randomization:
    """The audit's convention under another policy or order."""
    return AUDIT.model_copy(update={"norm_policy": policy, "order": order})


def running(policy: NormPolicy, *, arm: Arm = Arm.REINIT) -> tuple[State, State]:
    """Running means and variances of a network with norms, trained and with every layer random."""
    model = fresh(models.small_cnn)
    before = snapshot(model)
    with randomised(model, arm=arm, seed=0, calibration=images(), how=how(policy)) as cascade:
        cascade.descend(len(model.steps))
        now = snapshot(model)
    names = [name for name in before if name.endswith(("running_mean", "running_var"))]
    assert names
    return {n: before[n] for n in names}, {n: now[n] for n in names}


def test_keep_keeps_reset_resets_and_re_estimate_does_neither() -> None:
    """Statistics of the trained network; 0 and 1; those of the drawn network."""
    before, kept = running(NormPolicy.KEEP)
    assert all(torch.equal(before[n], kept[n]) for n in before)
    _, reset = running(NormPolicy.RESET)
    assert all(bool((v == (1 if n.endswith("var") else 0)).all()) for n, v in reset.items())
    _, found = running(NormPolicy.RE_ESTIMATE)
    assert not any(torch.equal(found[n], before[n]) or torch.equal(found[n], reset[n]) for n in found)


@pytest.mark.parametrize("policy", list(NormPolicy))
def test_shuffled_networks_keep_their_statistics(policy: NormPolicy) -> None:
    """Each tensor's own distribution stays, and so do the statistics, whatever the policy."""
    before, now = running(policy, arm=Arm.PERMUTE)
    assert all(torch.equal(before[n], now[n]) for n in before)


def deep() -> Canonical:
    """Ten layers without norms whose trained weights let the signal live."""
    layers: list[nn.Module] = [nn.Flatten()]
    for _ in range(10):
        layers += [nn.Linear(48, 48), nn.ReLU()]
    return stepped(canonical(seeded(nn.Sequential(*layers, nn.Linear(48, 5))), (3, 4, 4)))


def batch() -> list[Tensor]:
    """One batch of calibration images."""
    return [torch.rand(16, 3, 4, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)]


def ratios(policy: NormPolicy) -> list[float]:
    """Spread of each layer's outputs over the trained one's, all layers random."""
    model = deep()
    wanted = spreads(model, batch())
    assert len(wanted) == 11
    with randomised(model, arm=Arm.REINIT, seed=0, calibration=batch(), how=how(policy)) as cascade:
        cascade.descend(len(model.steps))
        now = spreads(model, batch())
    return [now[name] / wanted[name] for name in wanted]


def test_matching_gives_every_layer_the_trained_spread() -> None:
    """To rounding (float64), where keeping what was drawn is off by more than half somewhere."""
    assert ratios(NormPolicy.MATCH) == pytest.approx([1.0] * 11, rel=1e-9)
    assert max(abs(r - 1) for r in ratios(NormPolicy.KEEP)) > 0.5


@pytest.mark.parametrize("order", list(Order))
def test_orders_take_their_layers(order: Order) -> None:
    """After stage 2 of five: the two next to the output, the two next to the input, or the second alone."""
    model = twins()
    before = snapshot(model)
    with randomised(model, arm=Arm.REINIT, seed=0, calibration=[], how=how(order=order)) as cascade:
        cascade.descend(1)
        cascade.descend(2)
        now = snapshot(model)
        targeted = cascade.targeted()
    moved = [i for i, step in enumerate(model.steps) if not torch.equal(now[step.tensors[0]], before[step.tensors[0]])]
    expected = {Order.CASCADING: [3, 4], Order.BOTTOM_UP: [0, 1], Order.INDEPENDENT: [3]}[order]
    assert moved == expected
    assert sorted(targeted) == sorted(name for i in expected for name in model.steps[i].tensors)


def test_a_layers_draw_does_not_depend_on_the_order() -> None:
    """The middle layer is the same one whichever way it is reached."""
    seen = []
    for order in Order:
        model = twins()
        with randomised(model, arm=Arm.REINIT, seed=3, calibration=[], how=how(order=order)) as cascade:
            cascade.descend(3)
            seen.append(snapshot(model)[model.steps[2].tensors[0]])
    assert torch.equal(seen[0], seen[1])
    assert torch.equal(seen[0], seen[2])
