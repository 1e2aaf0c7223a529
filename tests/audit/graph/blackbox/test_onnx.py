"""ONNX files that only onnxruntime can run: their answers, their weights, and one session a set of weights."""

import numpy as np
import pytest
import torch
from onnx import ModelProto, TensorProto, helper, numpy_helper
from torch import Tensor, nn

from junco.audit.checks.randomise import randomised, snapshot, unchanged
from junco.audit.explain import build, capabilities
from junco.audit.graph import coverage, load, parity, random_probes
from junco.audit.graph.blackbox.onnx import OnnxBox
from junco.audit.model import Canonical
from junco.contract.catalogue import METHODS, Arm, Control, Method
from junco.contract.errors import InvalidPlan, ModelNotJudgeable
from tests.audit.explain.models import bound
from tests.audit.graph.onnx import zoo
from tests.truth import models, opaque


def images(count: int = 3) -> Tensor:
    return torch.randn(count, *models.IMAGE, generator=torch.Generator().manual_seed(5))


def opened(network: nn.Module, **options: str) -> tuple[Canonical, OnnxBox]:
    """``network`` behind a loop, loaded, and the module that runs it."""
    canonical = load(opaque.looped(network, **options))
    assert isinstance(canonical.module, OnnxBox)
    return canonical, canonical.module


def test_the_file_answers_by_its_own_executor() -> None:
    """What no importer knows is run by onnxruntime; the report says by whom, and why there are no gradients."""
    network = models.small_cnn()
    canonical, _ = opened(network)
    with torch.no_grad():
        expected = network(images()) + opaque.ADDED
    torch.testing.assert_close(canonical(images()), expected, rtol=1e-5, atol=1e-5)
    assert (canonical.executor, canonical.format, canonical.differentiable) == ("onnxruntime", "onnx", False)
    assert "Loop" in str(canonical.no_gradients)
    assert any("Loop" in warning for warning in canonical.warnings)


def test_an_importable_file_is_no_black_box() -> None:
    """The same network without its loop has gradients."""
    canonical = load(zoo.as_onnx(models.small_cnn()))
    assert (canonical.executor, canonical.differentiable) == ("graph", True)


@pytest.mark.parametrize("make", [zoo.mobile_v3, zoo.dense, zoo.vgg, zoo.convnext])
def test_steps_are_those_of_the_importable_twin(make) -> None:
    """Order, names and sizes, norms with the layer before them: so a cascade draws the same layers in both."""
    ours, theirs = load(opaque.looped(make())), load(zoo.as_onnx(make()))
    assert [step.parameters for step in ours.steps] == [step.parameters for step in theirs.steps]
    assert [step.name for step in ours.steps] == [step.name for step in theirs.steps]
    assert coverage(ours) == coverage(theirs) == 1.0


def test_tokens_and_positions_are_steps_too() -> None:
    """Nothing of a transformer is left out."""
    canonical = load(opaque.looped(zoo.vit()))
    assert {"token", "position"} <= {step.name for step in canonical.steps}
    assert coverage(canonical) == 1.0
    assert canonical.left_out == {}


@pytest.mark.parametrize("arm", list(Arm))
def test_a_black_box_is_redrawn_as_its_twin_is(arm: Arm) -> None:
    """The same draws by place: logits of the redrawn file are the redrawn graph's, to float32's 1e-4."""
    network = models.small_cnn()
    ours, theirs = load(opaque.looped(network)), load(zoo.as_onnx(network))
    for stage in (1, len(ours.steps)):
        with (
            randomised(ours, arm=arm, seed=3, calibration=[]) as mine,
            randomised(theirs, arm=arm, seed=3, calibration=[]) as other,
        ):
            mine.descend(stage)
            other.descend(stage)
            torch.testing.assert_close(ours(images()), theirs(images()) + opaque.ADDED, rtol=1e-4, atol=1e-4)


def test_one_session_serves_one_set_of_weights() -> None:
    """None for the trained weights, one for each stage however often it is asked, none for putting them back."""
    canonical, box = opened(models.small_cnn())
    before, state = canonical(images()), snapshot(canonical)
    assert box.junco_built == 0
    with randomised(canonical, arm=Arm.REINIT, seed=0, calibration=[]) as cascade:
        for built, stage in enumerate((1, 2, 3), start=1):
            cascade.descend(stage)
            answers = [canonical(images(count)) for count in (3, 1, 3)]
            assert torch.equal(answers[0], answers[2])
            assert box.junco_built == built
        assert unchanged(canonical, state) == []
    assert torch.equal(canonical(images()), before)
    assert box.junco_built == 3


@pytest.mark.parametrize(("operator", "cut"), [("Softmax", "softmax"), ("LogSoftmax", "log_softmax")])
def test_a_closing_softmax_is_cut(operator: str, cut: str) -> None:
    """Logits are explained, also after weights were drawn; parity holds on probabilities."""
    network = models.small_cnn()
    canonical, _ = opened(network, softmax=operator)
    with torch.no_grad():
        expected = network(images()) + opaque.ADDED
    torch.testing.assert_close(canonical(images()), expected, rtol=1e-5, atol=1e-5)
    assert canonical.softmax_cut == cut
    assert all(probe.within for probe in parity(canonical, random_probes(canonical, torch.Generator(), 2)))
    with torch.no_grad():
        canonical.module.get_parameter(canonical.steps[-1].tensors[1]).add_(3)
    torch.testing.assert_close(canonical(images()), expected + 3, rtol=1e-5, atol=1e-5)


def test_rounded_weights_are_drawn_as_the_numbers_that_they_stand_for() -> None:
    """Behind DequantizeLinear: (rounded - zero) * scale is the parameter, and writing to it changes the answer."""
    model = ModelProto.FromString(opaque.looped(models.small_cnn()))
    weight = next(tensor for tensor in model.graph.initializer if len(tensor.dims) == 4)
    numbers, name = numpy_helper.to_array(weight), weight.name
    scale = np.abs(numbers).max((1, 2, 3)) / 127
    rounded = np.round(numbers / scale[:, None, None, None]).astype(np.int8)
    weight.CopyFrom(numpy_helper.from_array(rounded, "rounded"))
    model.graph.initializer.append(numpy_helper.from_array(scale.astype(np.float32), "scale"))
    model.graph.node.insert(0, helper.make_node("DequantizeLinear", ["rounded", "scale"], [name], axis=0))
    canonical = load(model.SerializeToString())
    held = canonical.module.get_parameter(canonical.steps[0].tensors[0])
    expected = torch.from_numpy(rounded.astype(np.float32) * scale.astype(np.float32)[:, None, None, None])
    assert torch.equal(held, expected)
    before = canonical(images())
    with torch.no_grad():
        held.mul_(0)
    assert not torch.allclose(canonical(images()), before)


def test_what_gives_no_gradients_refuses_what_needs_them() -> None:
    """With the reason, in the report and when asked all the same; occlusion and the edge detector are there."""
    canonical, _ = opened(models.small_cnn())
    found = capabilities(canonical)
    assert found[Method.OCCLUSION] is None
    for name in (Method.GRADIENT, Method.SMOOTHGRAD, Method.GRAD_CAM, Control.EDGE_X_GRADIENT):
        assert "gives no gradients" in str(found[name])
    assert all(reason is not None for name, reason in found.items() if METHODS[name].gradients)
    with pytest.raises(InvalidPlan, match="gives no gradients"):
        build([bound(Method.GRADIENT)], canonical)


@pytest.mark.parametrize("arm", list(Arm))
def test_running_statistics_stay(arm: Arm) -> None:
    """They are in sight, in no step, the same under drawn weights, and the report says so."""
    canonical, _ = opened(zoo.dense())
    before = {name: value.clone() for name, value in canonical.module.named_buffers()}
    assert before
    assert any("running statistics" in warning for warning in canonical.warnings)
    with randomised(canonical, arm=arm, seed=0, calibration=[images()]) as cascade:
        cascade.descend(len(canonical.steps))
        assert all(torch.equal(value, before[name]) for name, value in canonical.module.named_buffers())
        assert bool(torch.isfinite(canonical(images())).all())


def test_a_file_without_weights_is_refused() -> None:
    """There is nothing to draw, whoever runs it."""
    with pytest.raises(ModelNotJudgeable, match="no parameters"):
        load(opaque.looped(nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())))


def test_what_the_input_meets_first_is_no_weight() -> None:
    """A mean that is subtracted from the image stays, and counts as out of reach."""
    model = ModelProto.FromString(opaque.looped(models.small_cnn()))
    first = model.graph.node[0]
    mean = np.array([0.4, 0.5, 0.6], np.float32).reshape(1, 3, 1, 1)
    model.graph.initializer.append(numpy_helper.from_array(mean, "mean"))
    image = first.input[0]
    model.graph.node.insert(0, helper.make_node("Sub", [image, "mean"], ["centred"]))
    model.graph.node[1].input[0] = "centred"
    canonical = load(model.SerializeToString())
    assert "mean" in canonical.left_out
    assert coverage(canonical) == pytest.approx(1 - 3 / (3 + sum(step.parameters for step in canonical.steps)))


def test_half_precision_runs_as_it_is() -> None:
    """Weights are drawn in the file's own type; images go in and scores come out in float32."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["image"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w"], ["product"]),
        opaque.loop("product", "scores", TensorProto.FLOAT16),
    ]
    half = TensorProto.FLOAT16
    graph = helper.make_graph(
        nodes, "g",
        [helper.make_tensor_value_info("image", half, ["n", 3, 32, 32])],
        [helper.make_tensor_value_info("scores", half, None)],
        [numpy_helper.from_array(np.eye(3, 5, dtype=np.float16), "w"), *opaque.trips()],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    canonical = load(model.SerializeToString())
    (weight,) = canonical.module.parameters()
    assert weight.dtype is torch.float16
    scores = canonical(images())
    assert scores.dtype is torch.float32
    expected = functional_scores(images(), torch.eye(3, 5))
    torch.testing.assert_close(scores, expected, rtol=1e-2, atol=1e-2)  # half has three digits
    with torch.no_grad():
        weight.mul_(2)
    expected = functional_scores(images(), 2 * torch.eye(3, 5))
    torch.testing.assert_close(canonical(images()), expected, rtol=1e-2, atol=1e-2)


def functional_scores(x: Tensor, weight: Tensor) -> Tensor:
    return x.mean((2, 3)) @ weight + opaque.ADDED
