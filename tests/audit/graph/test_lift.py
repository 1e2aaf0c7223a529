"""What compiling, freezing and odd programming leave in a file: read rightly, or refused with the reason."""

import pytest
import torch
from torch import Tensor, nn

from junco.audit.graph import coverage, load, parity, random_probes
from junco.audit.graph.lift import Source, lift
from junco.audit.model import Canonical
from junco.contract.errors import ModelNotJudgeable, ModelOutputShape
from tests.audit.graph import hard
from tests.audit.graph.branching import BY_DATA, ByImage, Masked, Shaped, Switched
from tests.audit.graph.hard import SHAPE, VIT_STEPS, saved, scripted, settled, traced


def _noise(count: int = 4) -> Tensor:
    return torch.randn(count, *SHAPE, generator=torch.Generator().manual_seed(1))


def _gradient(model, x: Tensor) -> Tensor:
    leaf = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(model(leaf)[:, 3].sum(), leaf)
    return slope


def _assert_equal(canonical: Canonical, model) -> None:
    """Scores to 1e-5 and input gradients to 1e-4 of the largest, in float32, at a batch size of its own."""
    x = _noise()
    expected = model(x.clone())
    torch.testing.assert_close(canonical(x), expected, rtol=1e-5, atol=1e-5 * float(expected.abs().max()))
    slope = _gradient(lambda y: model(y.clone()), x)
    torch.testing.assert_close(_gradient(canonical, x), slope, rtol=1e-4, atol=1e-4 * float(slope.abs().max()))


def _count(canonical: Canonical) -> int:
    assert coverage(canonical) == 1.0
    return sum(step.parameters for step in canonical.steps)


def _exported(model: nn.Module, kind: str) -> bytes:
    match kind:
        case "scripted":
            return saved(scripted(model))
        case "frozen":
            return saved(torch.jit.freeze(scripted(model)))
        case "traced":
            return saved(traced(model))
        case _:
            return saved(traced(model, grad=False))


@pytest.mark.parametrize("trained", [True, False])
@pytest.mark.parametrize("kind", ["scripted", "frozen", "traced", "fused"])
def test_a_transformer_is_read_whole(kind, trained):
    """Compiled, frozen, recorded, recorded on the fused path: one network, also where its weights want no gradient."""
    model = settled(hard.Vit()).requires_grad_(trained)
    canonical = load(_exported(model, kind), input_shape=SHAPE)
    _assert_equal(canonical, model)
    assert canonical.batch is None
    assert _count(canonical) == 5637
    assert len(canonical.steps) == len(VIT_STEPS)
    if kind != "frozen":
        assert [step.name for step in canonical.steps] == VIT_STEPS
        assert {canonical.submodule(name).__class__ for name in VIT_STEPS if "linear" in name} == {nn.Linear}


@pytest.mark.parametrize("kind", ["scripted", "traced", "fused"])
def test_attention_with_positions_first_is_read_whole(kind):
    """A weight that is spread over a batch of products stays one matrix of its own size, its bias with it."""
    model = settled(hard.Attention()).requires_grad_(False)
    canonical = load(_exported(model, kind), input_shape=SHAPE)
    _assert_equal(canonical, model)
    names = ["patch", "attention.in_proj_weight", "attention.out_proj", "head"]
    assert [step.name for step in canonical.steps] == names
    assert canonical.steps[1].shape == (48, 16)
    assert _count(canonical) == sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("kind", ["scripted", "traced"])
def test_everything_in_place_is_read_rightly(kind):
    """Writing into the input, into activations and into slices leaves scores, gradients and the user's images alone."""
    model = settled(hard.InPlace())
    canonical = load(_exported(model, kind), input_shape=SHAPE)
    _assert_equal(canonical, model)
    assert _count(canonical) == sum(p.numel() for p in model.parameters())
    x = _noise()
    theirs = canonical.original(x)
    assert torch.equal(x, _noise())
    torch.testing.assert_close(canonical(x), theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", ["scripted", "traced"])
def test_what_runs_several_times_is_one_step(kind):
    """A module under two names, run four times, is one step with its norm."""
    model = settled(hard.Reused())
    canonical = load(_exported(model, kind), input_shape=SHAPE)
    _assert_equal(canonical, model)
    assert [step.name for step in canonical.steps] == ["stem", "shared", "head"]
    assert len(canonical.steps[1].norms) == 3
    assert _count(canonical) == sum(p.numel() for p in model.parameters())


def test_freezing_folds_norms_and_is_told():
    """Layers are numbered in the order in which they run, and the report says that names were lost."""
    model = settled(hard.Cnn())
    canonical = load(_exported(model, "frozen"), input_shape=SHAPE)
    _assert_equal(canonical, model)
    assert [step.name for step in canonical.steps] == ["conv_1", "conv_2", "linear_1"]
    # Both norms went into their convolutions; the first gained a bias by it.
    assert _count(canonical) == 877 - 16 - 16 + 8
    assert any("frozen" in warning for warning in canonical.warnings)


@pytest.mark.parametrize("kind", ["scripted", "traced"])
def test_a_named_output_is_found_wherever_it_lies(kind):
    """Fields of a named tuple are chosen by name, or by place where recording lost the names."""
    model = settled(hard.NamedOut())
    data = _exported(model, kind)
    for place, name in enumerate(("logits", "auxiliary")):
        asked = str(place) if kind == "traced" else name
        _assert_equal(load(data, input_shape=SHAPE, output=asked), lambda x, place=place: model(x)[place])
    with pytest.raises(ModelOutputShape, match="no output 'scores'"):
        load(data, input_shape=SHAPE, output="scores")


def test_an_output_deep_inside_is_found():
    """A tuple of a tensor and a dictionary of lists is walked by dotted places."""
    model = settled(hard.NestedOut())
    canonical = load(_exported(model, "frozen"), input_shape=SHAPE, output="1.heads.1")
    _assert_equal(canonical, lambda x: model(x)[1]["heads"][1])


def test_buffers_used_as_weights_are_counted_and_told():
    """A kernel and a matrix that are buffers are layers; a mean and a scale are left out, with the reason."""
    model = settled(hard.Buffers())
    canonical = load(_exported(model, "scripted"), input_shape=SHAPE)
    _assert_equal(canonical, model)
    assert [step.name for step in canonical.steps] == ["kernel", "head", "last"]
    assert [step.parameters for step in canonical.steps] == [8 * 27, 45, 25]
    assert set(canonical.left_out.values()) == {"a buffer of the file, not one of its parameters"}
    assert {name.partition("_")[0] for name in canonical.left_out} == {"mean", "scale"}
    assert coverage(canonical) == pytest.approx(286 / 297)
    assert any("buffers of the file as weights" in w and "kernel" in w for w in canonical.warnings)


@pytest.mark.parametrize("kind", ["scripted", "frozen", "traced"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_explained_in_float32(dtype, kind):
    """Parity holds within the type's tolerance, every weight is float32, and no gradient is said to be overridden."""
    model = settled(hard.Cnn()).to(dtype)
    data = saved(traced(model, dtype=dtype)) if kind == "traced" else _exported(model, kind)
    canonical = load(data, input_shape=SHAPE)
    probes = parity(canonical, random_probes(canonical, torch.Generator().manual_seed(0), 3))
    assert all(probe.within for probe in probes)
    assert {probe.tolerance for probe in probes} == {2e-2 if dtype is torch.float16 else 1e-1}
    assert {p.dtype for p in canonical.module.parameters()} == {torch.float32}
    assert any("explained in float32" in warning for warning in canonical.warnings)
    assert not any("overrides its gradients" in warning for warning in canonical.warnings)
    if kind != "frozen":  # freezing folds norms in half precision, which moves weights
        _assert_equal(canonical, model.float())


@pytest.mark.parametrize("kind", ["scripted", "traced"])
def test_mixed_precision_is_explained_in_float32(kind):
    """Half weights, a cast, and a layer in float32: one network in float32, casts and all."""
    model = settled(hard.Mixed())
    model.body.half()
    canonical = load(_exported(model, kind), input_shape=SHAPE)
    probes = parity(canonical, random_probes(canonical, torch.Generator().manual_seed(0), 3))
    assert all(probe.within for probe in probes)
    _assert_equal(canonical, model.float())


@pytest.mark.parametrize("build", BY_DATA)
def test_a_course_that_follows_the_image_is_refused(build):
    """No recorded run stands for another; the reason says what decides."""
    script = scripted(settled(build()))
    with pytest.raises(ModelNotJudgeable, match="could not be turned into a graph") as refusal:
        lift(Source(script, lambda answer: answer, any_batch=True), _noise(2))
    assert "the input's numbers" in (refusal.value.found or "")
    assert "torch.jit.trace" in (refusal.value.remedy or "")


@pytest.mark.parametrize("build", [Shaped, Masked, Switched])
def test_a_course_that_every_image_takes_is_lifted(build):
    """Branches on sizes, types and stored tensors are settled, names and batch kept."""
    model = settled(build())
    canonical = load(_exported(model, "scripted"), input_shape=SHAPE)
    _assert_equal(canonical, model)
    assert canonical.batch is None
    assert [step.name for step in canonical.steps] == ["conv", "head"]


def test_a_lost_batch_size_is_told():
    """A loop over images leaves a graph for one image, and the report says why and what."""
    model = settled(ByImage())
    canonical = load(_exported(model, "scripted"), input_shape=SHAPE)
    _assert_equal(canonical, model)
    assert canonical.batch == 1
    assert any("traced on an example" in warning and "prim::Loop" in warning for warning in canonical.warnings)
    assert any("free batch size was lost" in warning for warning in canonical.warnings)


def test_a_token_spread_over_a_fixed_batch_stays_one_token():
    """A parameter that the program repeats for each image is counted once, and drawn once."""

    class Fixed(hard.Vit):
        def forward(self, x: Tensor) -> Tensor:
            x = self.patch(x).flatten(2).transpose(1, 2)
            x = torch.cat([self.token.repeat(2, 1, 1), x], 1) + self.position
            return self.head(self.norm(self.encoder(x))[:, 0])

    model = settled(Fixed())
    canonical = load(_exported(model, "traced"), input_shape=SHAPE)
    x = _noise(2)
    torch.testing.assert_close(canonical(x), model(x), rtol=1e-5, atol=1e-5)
    assert canonical.batch == 2
    assert _count(canonical) == 5637


def test_a_closing_softmax_overrides_no_gradient():
    """Logits are explained where the file answers probabilities: that is no override."""
    model = settled(nn.Sequential(hard.Cnn(), nn.Softmax(dim=1)))
    canonical = load(_exported(model, "scripted"), input_shape=SHAPE)
    assert canonical.softmax_cut == "softmax"
    assert not canonical.warnings


def test_a_hook_is_part_of_the_program():
    """What a forward hook changes is in the file, and so in the graph."""
    model = settled(hard.Pooled())
    model.conv.register_forward_hook(lambda module, given, answer: answer * 2)
    canonical = load(_exported(model, "traced"), input_shape=SHAPE)
    _assert_equal(canonical, model)


def test_batch_statistics_fixed_by_a_trace_are_told():
    """A batch norm recorded in training mode depends on the batch: the report says so."""
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    canonical = load(saved(traced(model.train())), input_shape=SHAPE)
    assert any("depend on the other images" in warning for warning in canonical.warnings)
    assert any("training mode" in warning for warning in canonical.warnings)


def test_a_layout_of_one_processor_is_refused():
    """Weights in MKL-DNN's layout, which code at loading would build, have no values that could be replaced."""
    from torch.utils import mkldnn

    class Moved(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = mkldnn.to_mkldnn(nn.Sequential(nn.Conv2d(3, 8, 3)).eval())
            self.head = nn.Linear(8, 5)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.body(x.to_mkldnn()).to_dense().relu().mean([2, 3]))

    with pytest.raises(ModelNotJudgeable) as refusal:
        load(saved(traced(Moved().eval(), grad=False)), input_shape=SHAPE)
    assert "mkldnn" in (refusal.value.found or "")
