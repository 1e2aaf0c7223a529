"""Files of every kind become the same classifier as the module that they were made from."""

import pytest
import torch
from torch import nn

from junco.audit.graph import coverage, double, load, parity, random_probes
from junco.contract.errors import (
    InputShapeMismatch,
)
from tests.audit.graph.lifting import fresh, lifted
from tests.truth import models

CLASSIFIERS = {
    models.small_cnn: models.IMAGE,
    models.mobile: models.IMAGE,
    models.mlp: models.DIGIT,
    models.functional_relu: models.IMAGE,
    models.inplace: models.IMAGE,
    models.registered_backwards: models.IMAGE,
    models.gelu_net: models.IMAGE,
    models.one_by_one_out: models.IMAGE,
    models.tied: models.IMAGE,
    models.token_net: models.IMAGE,
    models.residual: models.IMAGE,
    models.normalising: models.IMAGE,
    models.attention: models.IMAGE,
}
CASES = [
    pytest.param(build, shape, kind, id=f"{build.__name__}-{kind}")
    for build, shape in CLASSIFIERS.items()
    for kind in models.KINDS
]


def gradient(model, x: torch.Tensor) -> torch.Tensor:
    x = x.clone().requires_grad_()
    (result,) = torch.autograd.grad(model(x)[:, 3].sum(), x)
    return result


@pytest.mark.parametrize(("build", "shape", "kind"), CASES)
def test_answers_and_gradients_equal_the_module_that_was_exported(build, shape, kind):
    """Logits and input gradients of the lifted file equal eager torch, at batch sizes that the export never saw."""
    module, canonical = build().requires_grad_(False), lifted(build, kind, shape)
    x = torch.randn(5, *shape, generator=torch.Generator().manual_seed(1))
    expected = module(x).flatten(1)
    # float32: freezing folds batch norms into convolutions, which reorders a few thousand additions.
    torch.testing.assert_close(canonical(x), expected, rtol=1e-5, atol=1e-5 * float(expected.abs().max()))
    slope = gradient(lambda y: module(y).flatten(1), x)
    torch.testing.assert_close(gradient(canonical, x), slope, rtol=1e-4, atol=1e-5 * float(slope.abs().max()))
    assert canonical.batch is None
    assert canonical.classes == models.CLASSES
    assert canonical.input_shape == shape


@pytest.mark.parametrize("build", [models.small_cnn, models.softmax_end, models.log_softmax_end, models.one_by_one_out])
def test_parity_holds_on_random_probes(build):
    """Every random probe lies within tolerance of the uploaded program."""
    canonical = lifted(build)
    probes = parity(canonical, random_probes(canonical, torch.Generator().manual_seed(0), 3))
    assert len(probes) == 4
    assert all(probe.within and probe.max_relative < 1e-6 for probe in probes)


def test_parity_is_lost_when_a_weight_moves():
    """Changing the canonical weights shows in parity, and leaves the original as it was."""
    canonical = fresh(models.small_cnn)
    x = {"noise": torch.randn(2, *models.IMAGE, generator=torch.Generator().manual_seed(0))}
    before = canonical.original(x["noise"])
    canonical.submodule("9").weight.mul_(1.01)
    assert not parity(canonical, x)[0].within
    assert torch.equal(canonical.original(x["noise"]), before)


@pytest.mark.parametrize("kind", models.KINDS)
@pytest.mark.parametrize(("build", "cut"), [(models.softmax_end, "softmax"), (models.log_softmax_end, "log_softmax")])
def test_a_closing_softmax_is_cut(build, cut, kind):
    """Logits come out where the file answers probabilities."""
    canonical = lifted(build, kind)
    x = torch.randn(4, *models.IMAGE, generator=torch.Generator().manual_seed(2))
    assert canonical.softmax_cut == cut
    torch.testing.assert_close(canonical(x), models.small_cnn()(x), rtol=1e-5, atol=1e-5)


def test_a_softmax_behind_a_reshape_is_cut():
    """A softmax over channels that is flattened afterwards is found."""
    model = nn.Sequential(nn.Conv2d(3, 10, 3), nn.AdaptiveAvgPool2d(1), nn.Softmax(dim=1), nn.Flatten()).eval()
    canonical = load(models.as_torchscript(model, models.IMAGE, "traced"))
    x = torch.randn(2, *models.IMAGE, generator=torch.Generator().manual_seed(2))
    assert canonical.softmax_cut == "softmax"
    torch.testing.assert_close(canonical(x), model[:2](x).flatten(1), rtol=1e-5, atol=1e-6)


def test_an_inner_softmax_is_kept():
    """Attention's softmax is no closing one."""
    assert lifted(models.token_net).softmax_cut is None


@pytest.mark.parametrize("kind", models.KINDS)
def test_no_parameter_wants_gradients_and_all_are_covered(kind):
    """Weights are real parameters, also in frozen files, and every one is in a step."""
    canonical = lifted(models.mobile, kind)
    assert coverage(canonical) == 1.0
    assert sum(p.numel() for p in canonical.module.parameters()) > 700
    assert not any(p.requires_grad for p in canonical.module.parameters())
    assert not canonical.module.training


@pytest.mark.parametrize("kind", models.KINDS)
@pytest.mark.parametrize("build", [models.small_cnn, models.normalising, models.token_net, models.attention])
def test_double_precision_agrees_with_a_double_module(build, kind):
    """The copy computes in float64 throughout, past the program's casts to float32, and leaves its source alone."""
    canonical = lifted(build, kind)
    x = torch.randn(2, *models.IMAGE, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    module = build().double()
    # The normalising module casts to float32 by name; what it means in float64 is its body on uncast values.
    truth = module.body((x - module.mean) / module.spread) if build is models.normalising else module(x)
    answer = double(canonical)(x)
    assert answer.dtype is torch.float64
    # The frozen file holds weights folded in float32, so only the others agree to double precision.
    tolerance = 1e-5 if kind == "frozen" else 1e-10
    torch.testing.assert_close(answer, truth, rtol=tolerance, atol=tolerance)
    assert gradient(double(canonical), x).dtype is torch.float64
    assert next(canonical.module.parameters()).dtype is torch.float32


def test_a_detached_branch_is_told():
    """Where the file cuts its own gradients, a warning says that explanations do not."""

    class Cut(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(3, 5)

        def forward(self, x):
            return self.fc(x.detach().mean([2, 3]))

    canonical = load(models.as_torchscript(Cut(), models.IMAGE, "scripted"))
    assert any("overrides its gradients" in warning for warning in canonical.warnings)
    assert float(gradient(canonical, torch.zeros(1, *models.IMAGE)).abs().max()) > 0


def test_a_model_without_gradients_is_a_black_box():
    """Scores that are a step function of the input are found at loading."""

    class Steps(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(3, 5)

        def forward(self, x):
            return self.fc((x > 0).to(torch.float32).mean([2, 3]))

    canonical = load(models.as_torchscript(Steps(), models.IMAGE, "scripted"))
    assert "no gradient" in str(canonical.no_gradients)
    assert canonical.executor == "torchscript"


@pytest.mark.parametrize(("build", "shape"), [(models.mlp, models.DIGIT), (models.functional_relu, models.IMAGE)])
@pytest.mark.parametrize("kind", models.KINDS)
def test_the_input_shape_is_found(build, shape, kind):
    """Channels come from the weights, the only size that fits from trying."""
    assert load(models.as_torchscript(build(), shape, kind)).input_shape == shape


def test_a_refused_input_shape_is_named_beside_one_that_fits():
    """The error tells both shapes."""
    data = models.as_torchscript(models.functional_relu(), models.IMAGE, "traced")
    with pytest.raises(InputShapeMismatch) as refusal:
        load(data, input_shape=(3, 30, 40))
    assert refusal.value.expected == "[3, 32, 32]"
    assert refusal.value.found == "[3, 30, 40]"


class _FixedBatch(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.fc = nn.Linear(3600, 5)

    def forward(self, x):
        return self.fc(torch.relu(self.conv(x)).view(1, 3600))


def test_a_program_for_one_image_is_fed_one_by_one():
    """A file that takes batches of one answers any number of images, and says so."""
    torch.manual_seed(0)
    model = _FixedBatch().eval()
    canonical = load(models.as_torchscript(model, models.IMAGE, "scripted"))
    x = torch.randn(3, *models.IMAGE)
    assert canonical.batch == 1
    assert any("batches of 1" in warning for warning in canonical.warnings)
    expected = torch.cat([model(x[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(canonical(x), expected)
    torch.testing.assert_close(canonical.original(x), expected)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_other_precisions_are_explained_in_float32(dtype):
    """Half, bfloat16 and double files load in float32, near their original, with a warning."""
    data = models.as_torchscript(models.small_cnn().to(dtype), models.IMAGE, "scripted")
    canonical = load(data, input_shape=models.IMAGE)
    probes = parity(canonical, random_probes(canonical, torch.Generator().manual_seed(0), 2))
    assert all(probe.within for probe in probes)
    assert next(canonical.module.parameters()).dtype is torch.float32
    assert any(str(dtype).removeprefix("torch.") in warning for warning in canonical.warnings)


def test_a_file_saved_in_training_mode_is_put_in_eval_mode():
    """Batch norm uses its stored statistics, and a warning tells of the mode."""
    data = models.as_torchscript(models.small_cnn().train(), models.IMAGE, "scripted")
    canonical = load(data, input_shape=models.IMAGE)
    x = torch.randn(3, *models.IMAGE, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(canonical(x), models.small_cnn()(x), rtol=1e-5, atol=1e-5)
    assert any("training mode" in warning for warning in canonical.warnings)


def test_a_file_traced_in_training_mode_is_told():
    """Dropout that the trace fixed draws anew at each call: the warning says so, and parity is not claimed."""
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Dropout(0.5), nn.AdaptiveAvgPool2d(1), nn.Flatten()).train()
    canonical = load(models.as_torchscript(model, models.IMAGE, "traced"))
    assert any("random numbers" in warning for warning in canonical.warnings)
    probes = parity(canonical, random_probes(canonical, torch.Generator().manual_seed(0), 2))
    assert not probes[0].within


@pytest.mark.parametrize("kind", ["scripted", "frozen"])
def test_a_program_that_branches_on_its_data_is_a_black_box(kind):
    """Neither conversion nor one recorded example could stand for both branches: the program does."""

    class Branching(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)

        def forward(self, x):
            y = self.conv(x).mean([2, 3])
            return y * 2 if bool(y.sum() > 0) else y * 3

    model = Branching().eval()
    canonical = load(models.as_torchscript(model, models.IMAGE, kind), input_shape=models.IMAGE)
    assert not canonical.differentiable
    for x in (torch.ones(2, *models.IMAGE), -torch.ones(2, *models.IMAGE)):
        torch.testing.assert_close(canonical(x), model(x))
