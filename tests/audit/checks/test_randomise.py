"""Destroying parameters: what is drawn, what is kept, and that everything comes back."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from junco.audit.checks.randomise import generator_for, randomised, snapshot, unchanged
from junco.audit.graph.steps import steps
from junco.audit.model import Canonical
from junco.contract.catalogue import Arm
from tests.audit.explain.models import canonical, seeded
from tests.audit.graph.lifting import fresh
from tests.truth import models

State = dict[str, Tensor]


def stepped(model: Canonical) -> Canonical:
    """``model`` with its cascade."""
    return replace(model, steps=steps(model.module))


def twins(*, classes: int = 2) -> Canonical:
    """Four linear layers of equal shape, 64 to 64, then a few classes."""
    layers: list[nn.Module] = [nn.Flatten()]
    for _ in range(4):
        layers += [nn.Linear(64, 64), nn.ReLU()]
    return stepped(canonical(seeded(nn.Sequential(*layers, nn.Linear(64, classes))), (1, 8, 8)))


def images(n: int = 24, shape: tuple[int, int, int] = models.IMAGE) -> list[Tensor]:
    """Calibration batches of 8."""
    x = torch.rand(n, *shape, generator=torch.Generator().manual_seed(5))
    return list(torch.split(x, 8))


def drawn(model: Canonical, arm: Arm, *, seed: int = 0, stage: int | None = None, norms: bool = True) -> State:
    """All tensors of ``model`` while its ``stage`` last layers are randomised."""
    calibration = images() if norms and model.input_shape == models.IMAGE else []
    with randomised(model, arm=arm, seed=seed, calibration=calibration) as cascade:
        cascade.descend(stage or len(model.steps))
        return snapshot(model)


ZOO: list[Callable[[], nn.Module]] = [models.small_cnn, models.mobile, models.tied, models.token_net, models.gelu_net]


@pytest.mark.parametrize("arm", list(Arm))
@pytest.mark.parametrize("build", ZOO)
def test_everything_comes_back_bit_for_bit(build: Callable[[], nn.Module], arm: Arm) -> None:
    """Parameters, running statistics, their counters, momenta and modes are as they were."""
    model = fresh(build)
    before = snapshot(model)
    modes = {name: (m.training, getattr(m, "momentum", None)) for name, m in model.module.named_modules()}
    during = drawn(model, arm)
    after = snapshot(model)
    assert not all(torch.equal(before[name], during[name]) for name in before)
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert modes == {name: (m.training, getattr(m, "momentum", None)) for name, m in model.module.named_modules()}


@pytest.mark.parametrize("arm", list(Arm))
def test_everything_comes_back_after_an_error(arm: Arm) -> None:
    """An exception half-way down leaves the trained model behind it."""
    model = fresh(models.small_cnn)
    before = snapshot(model)

    def interrupted() -> None:
        with randomised(model, arm=arm, seed=0, calibration=images()) as cascade:
            cascade.descend(2)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert all(torch.equal(before[name], value) for name, value in snapshot(model).items())


def test_an_error_inside_calibration_restores_modes_and_statistics() -> None:
    """Images that the model refuses raise, and no norm layer is left in training mode or with reset statistics."""
    model = fresh(models.small_cnn)
    before = snapshot(model)
    bad = [torch.zeros(2, 5, 32, 32)]
    with (
        pytest.raises(RuntimeError),
        randomised(model, arm=Arm.REINIT, seed=0, calibration=bad) as cascade,
    ):
        cascade.descend(len(model.steps))
    assert not any(part.training for part in model.module.modules() if isinstance(part, nn.BatchNorm2d))
    assert all(torch.equal(before[name], value) for name, value in snapshot(model).items())


@pytest.mark.parametrize("arm", list(Arm))
def test_a_layers_draw_does_not_depend_on_the_others(arm: Arm) -> None:
    """Straight down, step by step, or under another output layer: the same weights."""
    model = twins()
    count = len(model.steps)
    straight = drawn(model, arm, seed=3)
    with randomised(model, arm=arm, seed=3, calibration=[]) as cascade:
        for stage in range(1, count + 1):
            cascade.descend(stage)
        stepwise = snapshot(model)
    assert all(torch.equal(straight[name], stepwise[name]) for name in straight)
    wider = twins(classes=7)
    with torch.no_grad():
        for step in model.steps[:-1]:
            for name in step.tensors:
                wider.module.get_parameter(name).copy_(model.module.get_parameter(name))
    other = drawn(wider, arm, seed=3)
    assert all(torch.equal(straight[name], other[name]) for step in model.steps[:-1] for name in step.tensors)


@pytest.mark.parametrize("arm", list(Arm))
def test_descending_randomises_from_the_output_down_and_nothing_below(arm: Arm) -> None:
    """After stage k exactly the k steps next to the output differ."""
    model = twins()
    before = snapshot(model)
    for stage in range(1, len(model.steps) + 1):
        now = drawn(model, arm, stage=stage)
        for place, step in enumerate(reversed(model.steps)):
            same = [torch.equal(now[name], before[name]) for name in step.tensors]
            assert not any(same) if place < stage else all(same)


@pytest.mark.parametrize("arm", list(Arm))
def test_layers_of_one_shape_get_different_weights(arm: Arm) -> None:
    """Unlike Quantus' reset with one seed for every layer; twins stay correlated by chance only, sd 1/64."""
    model = twins()
    if arm is Arm.PERMUTE:  # the same entries everywhere, so that equal orders would give equal weights
        with torch.no_grad():
            for step in model.steps[1:4]:
                model.module.get_parameter(step.tensors[0]).copy_(model.module.get_parameter(model.steps[0].tensors[0]))
    now = drawn(model, arm)
    weights = torch.stack([now[step.tensors[0]].flatten() for step in model.steps[:4]])
    table = torch.corrcoef(weights)
    assert (table - torch.eye(4, dtype=table.dtype)).abs().max() < 5 / 64


@pytest.mark.parametrize("arm", list(Arm))
def test_seeds_arms_and_nothing_else_decide_the_draw(arm: Arm) -> None:
    """One seed twice is one model; two seeds are two."""
    model = twins()
    first, again, other = drawn(model, arm, seed=1), drawn(model, arm, seed=1), drawn(model, arm, seed=2)
    torch.manual_seed(99)  # the global generator has no say
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not any(torch.equal(first[name], other[name]) for name in first if name.endswith("weight"))


def test_permuting_keeps_every_tensors_entries() -> None:
    """The multiset of each tensor is kept, its order is not, and running statistics stay trained."""
    model = fresh(models.small_cnn)
    before, now = snapshot(model), drawn(model, Arm.PERMUTE)
    targeted = {name for step in model.steps for name in step.tensors}
    assert targeted == {name for name, _ in model.module.named_parameters()}
    for name, value in before.items():
        if name in targeted:
            assert torch.equal(value.flatten().sort().values, now[name].flatten().sort().values)
            assert not torch.equal(value, now[name])
        else:
            assert torch.equal(value, now[name])


@pytest.mark.parametrize("seed", range(12))
def test_even_two_entries_are_permuted(seed: int) -> None:
    """Two classes' biases have one other order; a draw that left them would call every two-class job invalid."""
    model = twins()
    before = snapshot(model)
    bias = model.steps[-1].tensors[1]
    now = drawn(model, Arm.PERMUTE, seed=seed)
    assert now[bias].tolist() == before[bias].flip(0).tolist()
    with randomised(model, arm=Arm.PERMUTE, seed=seed, calibration=[]) as cascade:
        cascade.descend(len(model.steps))
        assert unchanged(model, before) == []


def test_constant_tensors_cannot_be_permuted_and_are_not_missed() -> None:
    """A layer whose biases are all zero is no broken randomisation."""
    model = twins()
    with torch.no_grad():
        model.module.get_parameter(model.steps[0].tensors[1]).zero_()
    before = snapshot(model)
    with randomised(model, arm=Arm.PERMUTE, seed=0, calibration=[]) as cascade:
        cascade.descend(len(model.steps))
        assert unchanged(model, before) == []


def test_unchanged_names_what_a_randomisation_left_behind() -> None:
    """Before any descent all targeted tensors are as they were; after one, all below it."""
    model = twins()
    before = snapshot(model)
    assert unchanged(model, before) == [name for step in model.steps for name in step.tensors]
    with randomised(model, arm=Arm.REINIT, seed=0, calibration=[]) as cascade:
        cascade.descend(2)
        assert unchanged(model, before) == [name for step in model.steps[:-2] for name in step.tensors]


def test_redrawn_weights_are_kaiming_normal() -> None:
    """Mean 0, sd sqrt(2 / fan-in), normal tails; biases zero. 4096 draws: sd known to 1.1 %."""
    model = twins()
    now = drawn(model, Arm.REINIT)
    weight = now[model.steps[1].tensors[0]]
    scale = math.sqrt(2 / 64)
    assert weight.std().item() == pytest.approx(scale, rel=0.06)
    assert abs(weight.mean().item()) < 5 * scale / 64
    assert (weight.abs() < scale).double().mean().item() == pytest.approx(0.6827, abs=0.04)
    assert (weight.abs() > 2 * scale).double().mean().item() == pytest.approx(0.0455, abs=0.02)
    assert all((now[step.tensors[1]] == 0).all() for step in model.steps)


def test_fan_in_of_a_convolution_counts_its_window_and_group() -> None:
    """Depthwise 3x3: nine inputs a unit; 1x1 over 8 channels: eight."""
    model = fresh(models.mobile)
    now = drawn(model, Arm.REINIT, norms=False)
    for step in model.steps:
        weight = now[step.tensors[0]]
        if weight.dim() == 4:
            fan_in = weight[0].numel()
            sigma = math.sqrt(2 / fan_in)
            assert weight.std().item() == pytest.approx(sigma, rel=5 / math.sqrt(2 * weight.numel()))


def test_redrawn_norms_scale_by_one_and_shift_by_zero() -> None:
    """Batch, layer and group norm alike."""
    for build in (models.small_cnn, models.gelu_net):
        model = fresh(build)
        now = drawn(model, Arm.REINIT)
        norms = [
            (name, part)
            for name, part in model.module.named_modules()
            if isinstance(part, nn.BatchNorm2d | nn.GroupNorm | nn.LayerNorm)
        ]
        assert norms
        for name, _ in norms:
            assert (now[f"{name}.weight"] == 1).all()
            assert (now[f"{name}.bias"] == 0).all()


def test_raw_parameters_are_redrawn_at_their_own_size() -> None:
    """Class token, positions and layer scale have no fan-in: their root mean square stays, their values do not."""
    model = fresh(models.token_net)
    plain = {name for name, part in model.module.named_modules() if type(part) in (nn.Module, type(model.module))}
    raw = [name for step in model.steps for name in step.tensors if name.rpartition(".")[0] in plain]
    before = snapshot(model)
    assert sum(before[name].numel() for name in raw) == 16 + 17 * 16 + 16
    for arm in Arm:
        now = drawn(model, arm)
        for name in raw:
            assert not torch.equal(now[name], before[name])
            size = before[name].square().mean().sqrt().item()
            spread = 5 / math.sqrt(2 * before[name].numel())
            assert now[name].square().mean().sqrt().item() == pytest.approx(size, rel=spread)


def test_tied_weights_are_drawn_once_and_stay_tied() -> None:
    """A convolution called twice is one step; a shared matrix is one tensor, the same in both its places."""
    model = fresh(models.tied)
    names = [name for step in model.steps for name in step.tensors]
    assert len(names) == len(set(names))
    with randomised(model, arm=Arm.REINIT, seed=0, calibration=[]) as cascade:
        cascade.descend(len(model.steps))
        shared = [p for p in model.module.parameters() if p.shape == (6, 8)]
        assert len({p.data_ptr() for p in shared}) == 1
        once = shared[0].clone()
    owners = [s for s in model.steps if any(model.module.get_parameter(n) is shared[0] for n in s.tensors)]
    assert len(owners) == 1
    assert once.std().item() == pytest.approx(math.sqrt(2 / 8), rel=5 / math.sqrt(2 * 48))


def test_generators_depend_on_every_part_and_on_nothing_else() -> None:
    """Parts are not run together: ("a", "bc") is not ("ab", "c")."""
    first = torch.rand(4, generator=generator_for("a", "bc"))
    assert torch.equal(first, torch.rand(4, generator=generator_for("a", "bc")))
    assert not torch.equal(first, torch.rand(4, generator=generator_for("ab", "c")))
