"""Quantised networks against the trained networks that they were made from."""

from dataclasses import dataclass

import numpy as np
import onnx
import pytest
import torch
from captum.attr import GuidedBackprop
from onnx import ModelProto, TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantFormat
from torch import Tensor

from examples.efficientnet_lite0 import build
from junco.audit.checks.randomise import randomised, snapshot, unchanged
from junco.audit.graph import coverage, load, parity, random_probes
from junco.audit.graph.inputs import fitted
from junco.audit.graph.onnx import read
from junco.audit.graph.original import Original
from junco.audit.model import Canonical
from junco.contract.catalogue import Arm
from junco.contract.errors import ModelNotJudgeable
from tests.audit.graph.onnx import quantising, zoo
from tests.truth import digits
from tests.truth.conftest import Trained


@dataclass(frozen=True)
class _Pair:
    """A network in float32 and quantised, as they are loaded, and digits with their classes."""

    plain: Canonical
    rounded: Canonical
    x: Tensor
    labels: Tensor

    def gradients(self) -> list[Tensor]:
        """Gradient of the true class's logit, of the float network and of the quantised one."""
        return [_gradient(model, self.x, self.labels) for model in (self.plain, self.rounded)]


def _gradient(model: Canonical, x: Tensor, labels: Tensor) -> Tensor:
    leaf = x.clone().requires_grad_()
    model(leaf).gather(1, labels[:, None]).sum().backward()
    assert leaf.grad is not None
    return leaf.grad


def _median_cosine(a: Tensor, b: Tensor) -> float:
    return float(torch.nn.functional.cosine_similarity(a.flatten(1), b.flatten(1)).median())


@pytest.fixture(scope="module")
def file(small: Trained) -> bytes:
    return zoo.as_onnx(small.network, shape=digits.SHAPE)


@pytest.fixture(scope="module")
def pair(small: Trained, file: bytes) -> _Pair:
    x = small.digits.x
    quantised = quantising.static(file, x.split(10))
    return _Pair(load(file), load(quantised), x, torch.from_numpy(small.digits.labels))


def test_a_quantised_network_answers_as_onnxruntime_does(pair: _Pair):
    """To a step of the last quantiser, of which there are 255: sums between two steps may fall to either side."""
    probes = random_probes(pair.rounded, torch.Generator().manual_seed(0), 4) | {"digits": pair.x}
    found = parity(pair.rounded, probes)
    assert max(probe.max_relative for probe in found) < 1.5e-2
    assert all(probe.within for probe in found)
    same = (pair.rounded(pair.x).argmax(1) == pair.labels).float().mean()
    assert float(same) >= 0.96


def test_a_rounding_program_is_held_to_its_steps_and_no_coarser(pair: _Pair):
    """Half a step of tolerance for each of ten would hide nothing larger: a weight that is off is told."""
    probes = {"digits": pair.x}
    weight = pair.rounded.module.get_parameter("9.weight")
    before = weight.detach().clone()
    try:
        with torch.no_grad():
            weight.mul_(1.2)
        assert not parity(pair.rounded, probes)[0].within
    finally:
        with torch.no_grad():
            weight.copy_(before)
    assert parity(pair.rounded, probes)[0].within


def test_gradients_go_straight_through_the_rounding_and_the_report_says_so(pair: _Pair):
    """They point where those of the float network point."""
    assert any("straight through" in warning for warning in pair.rounded.warnings)
    assert _median_cosine(*pair.gradients()) > 0.95


def test_layers_and_relus_are_those_of_the_float_network(pair: _Pair):
    """The quantiser took the ReLUs out: they are back, and none stands where the quantiser merely saturates."""
    assert [(s.name, s.kind, s.shape, s.parameters) for s in pair.rounded.steps] == [
        (s.name, s.kind, s.shape, s.parameters) for s in pair.plain.steps
    ]
    assert coverage(pair.rounded) == 1.0
    assert pair.rounded.activations == pair.plain.activations == {"ReLU": 3}
    guided = [
        GuidedBackprop(model.module).attribute(pair.x.clone().requires_grad_(), target=pair.labels)
        for model in (pair.plain, pair.rounded)
    ]
    assert _median_cosine(*guided) > 0.95
    assert bool((guided[1] < 0).any())  # a ReLU at the image would have cut these


@pytest.mark.parametrize("arm", list(Arm))
def test_quantised_weights_are_destroyed_for_real_and_put_back(pair: _Pair, arm: Arm):
    """Step by step every tensor changes, and so do the finite answers; afterwards all is as before."""
    model, before = pair.rounded, pair.rounded(pair.x)
    tensors = snapshot(model)
    with randomised(model, arm=arm, seed=1, calibration=[pair.x]) as cascade:
        answers = [before]
        for stage in range(1, len(model.steps) + 1):
            cascade.descend(stage)
            answers.append(model(pair.x))
            assert bool(torch.isfinite(answers[-1]).all())
            assert not torch.equal(answers[-1], answers[-2])
        assert unchanged(model, tensors) == []
    assert torch.equal(model(pair.x), before)


def test_quantisation_on_the_fly_is_refused_with_its_reason(file: bytes, small: Trained):
    """One scale for the whole batch, and weights that are bare integers."""
    upload = read(quantising.dynamic(file), None)
    found = fitted(Original(upload.run, upload.dtype), upload.first, digits.SHAPE)
    with pytest.raises(ModelNotJudgeable) as refusal:
        upload.lift(found)
    assert "all images of a batch together" in refusal.value.found


def _operator_oriented(small: Trained, pair: _Pair) -> bytes:
    """The first convolution and the last layer in onnxruntime's operator-oriented format, a mean between them."""
    whole = ModelProto.FromString(quantising.static(zoo.as_onnx(small.network, shape=digits.SHAPE), [pair.x],
                                                    QuantFormat.QOperator))  # fmt: skip
    kept = [node for node in whole.graph.node if node.op_type in ("QuantizeLinear", "QLinearConv")][:2]
    generator = np.random.default_rng(0)
    added = {
        "down": generator.integers(-127, 128, (16, 10)).astype(np.int8),
        "down_scale": generator.uniform(1e-3, 5e-3, 10).astype(np.float32),
        "down_zero": np.zeros(10, np.int8),
        "out_scale": np.float32(0.02),
        "out_zero": np.uint8(117),
        "axes": np.array([2, 3]),
    }
    scale, zero = kept[1].input[6], kept[1].input[7]
    nodes = [
        *kept,
        helper.make_node("DequantizeLinear", [kept[1].output[0], scale, zero], ["maps"]),
        helper.make_node("ReduceMean", ["maps", "axes"], ["means"], keepdims=0),
        helper.make_node("QuantizeLinear", ["means", scale, zero], ["steps"]),
        helper.make_node("QLinearMatMul", ["steps", scale, zero, "down", "down_scale", "down_zero", "out_scale",
                                           "out_zero"], ["last"]),
        helper.make_node("DequantizeLinear", ["last", "out_scale", "out_zero"], ["scores"]),
    ]  # fmt: skip
    tensors = [*whole.graph.initializer, *(numpy_helper.from_array(value, name) for name, value in added.items())]
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 10])
    graph = helper.make_graph(nodes, "g", [whole.graph.input[0]], [scores], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=whole.ir_version)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def test_the_operator_oriented_format_is_the_same_layers(small: Trained, pair: _Pair):
    """QLinearConv and QLinearMatMul of the standard: layers with weights, a ReLU where the quantiser holds one."""
    model = load(_operator_oriented(small, pair))
    assert [(s.kind, s.parameters) for s in model.steps] == [("Conv2d", 416), ("Linear", 160)]
    assert coverage(model) == 1.0
    assert model.activations == {"ReLU": 1}
    assert all(probe.within for probe in parity(model, {"digits": pair.x}))
    assert float(_gradient(model, pair.x, pair.labels).abs().max()) > 0


@pytest.mark.slow
def test_efficientnet_lite0_is_quantised_and_still_itself():
    """50 layers under their own names, 33 ReLUs, and answers within what onnxruntime's own levels differ by."""
    generator = torch.Generator().manual_seed(5)
    coarse = torch.nn.functional.interpolate(torch.randn(3, 3, 14, 14, generator=generator), (224, 224))
    x = coarse + 0.3 * torch.randn(3, 3, 224, 224, generator=generator)
    data = zoo.as_onnx(build(), shape=(3, 224, 224))
    plain, rounded = load(data), load(quantising.static(data, x.split(1)))
    assert [step.name for step in rounded.steps] == [step.name for step in plain.steps]
    assert rounded.activations == {"ReLU": 33}
    assert coverage(rounded) == 1.0
    probes = parity(rounded, random_probes(rounded, torch.Generator().manual_seed(0), 2) | {"images": x})
    assert all(probe.within for probe in probes), probes
