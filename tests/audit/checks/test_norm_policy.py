"""Running statistics and scales under each policy."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from junco.audit.checks.norm_policy import re_estimate, spreads
from junco.audit.checks.randomise import randomised, snapshot
from junco.audit.model import Canonical
from junco.contract.catalogue import Arm
from junco.contract.conventions import AUDIT
from junco.contract.randomization import NormPolicy, Order, Randomization
from tests.audit.checks.test_randomise import State, drawn, images, stepped, twins
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


def by_hand(model: Canonical, batches: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Mean over batches of the mean and unbiased variance before the first batch norm, from the conv's own weights."""
    conv = next(part for part in model.module.modules() if isinstance(part, nn.Conv2d))
    z = [functional.conv2d(x.double(), conv.weight.double(), conv.bias.double(), padding=1) for x in batches]  # type: ignore[union-attr]
    mean = torch.stack([part.mean((0, 2, 3)) for part in z]).mean(0)
    variance = torch.stack([part.transpose(0, 1).flatten(1).var(1, unbiased=True) for part in z]).mean(0)
    return mean, variance


def test_statistics_of_a_redrawn_network_are_those_of_its_own_activations() -> None:
    """Averages over the calibration batches of what reaches the norm (float32 rounding)."""
    model = fresh(models.small_cnn)
    batches = images()
    norm = next(part for part in model.module.modules() if isinstance(part, nn.BatchNorm2d))
    with randomised(model, arm=Arm.REINIT, seed=0, calibration=batches) as cascade, torch.no_grad():
        cascade.descend(len(model.steps))
        mean, variance = by_hand(model, batches)
        assert norm.running_mean is not None
        assert norm.running_var is not None
        torch.testing.assert_close(norm.running_mean.double(), mean, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(norm.running_var.double(), variance, rtol=1e-4, atol=1e-5)


def test_only_randomised_layers_are_re_estimated() -> None:
    """Below the cascade's front the trained statistics stay."""
    model = fresh(models.small_cnn)
    before = snapshot(model)
    now = drawn(model, Arm.REINIT, stage=2)
    lower, upper = model.steps[0].norms, model.steps[1].norms
    assert lower
    assert upper
    for name in lower:
        assert torch.equal(now[f"{name}.running_mean"], before[f"{name}.running_mean"])
    for name in upper:
        assert not torch.equal(now[f"{name}.running_mean"], before[f"{name}.running_mean"])


def test_re_estimation_without_images_or_norms_does_nothing() -> None:
    """No calibration images: statistics stay; a model without norms: no pass is made."""
    model = fresh(models.small_cnn)
    before = snapshot(model)
    re_estimate(model, model.steps[0].norms, [])
    re_estimate(twins(), ["2"], [torch.zeros(1, 3, 5, 7)])  # a shape that the model would refuse
    assert all(torch.equal(before[name], value) for name, value in snapshot(model).items())


def test_a_redrawn_deep_network_neither_dies_nor_explodes() -> None:
    """With re-estimated statistics logits of a full re-draw differ between images and are finite."""
    model = fresh(models.residual)
    with randomised(model, arm=Arm.REINIT, seed=0, calibration=images()) as cascade, torch.no_grad():
        cascade.descend(len(model.steps))
        logits = model(torch.cat(images()))
    assert logits.isfinite().all()
    assert 0.01 < logits.std(0).mean().item() < 100
