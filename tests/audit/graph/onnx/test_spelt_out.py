"""What exporters spell out in small operators is found again, and what other tools write is understood."""

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from junco.audit.graph import coverage, load, parity, random_probes
from tests.audit.graph.onnx import zoo
from tests.truth import models


def _gelus(approximate: str) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, stride=2), nn.GELU(approximate), nn.Conv2d(4, 4, 3), nn.GELU(approximate), nn.Flatten(),
        nn.Linear(4 * 13 * 13, 10),
    ).eval()  # fmt: skip


@pytest.mark.parametrize("approximate", ["none", "tanh"])
@pytest.mark.parametrize("opset", [11, 17])
def test_gelus_of_erf_and_of_tanh_are_gelus(approximate: str, opset: int):
    """The report lists them, so that methods without a rule for them say so."""
    model = _gelus(approximate)
    canonical = load(zoo.as_onnx(model, opset=opset))
    assert canonical.activations == {"GELU": 2}
    assert {m.approximate for m in canonical.module.modules() if isinstance(m, nn.GELU)} == {approximate}
    x = torch.randn(2, *models.IMAGE, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(canonical(x), model(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("opset", [14, 16])
def test_layer_norms_of_small_operators_are_layer_norms(opset: int):
    """Before opset 17 a norm was five operators; its scale and shift belong to the layer that it follows."""
    canonical = load(zoo.as_onnx(zoo.vit(), opset=opset))
    assert sum(isinstance(module, nn.LayerNorm) for module in canonical.module.modules()) == 5
    assert canonical.activations == {"GELU": 2}
    assert [(s.name, s.parameters) for s in canonical.steps] == [
        (s.name, s.parameters) for s in load(zoo.as_onnx(zoo.vit(), opset=17)).steps
    ]


def test_a_tanh_that_is_no_gelu_stays_a_tanh():
    """Another factor before the cube, and it is something else."""

    class Near(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.head = nn.Conv2d(3, 4, 3, stride=4), nn.Linear(4 * 64, 10)

        def forward(self, x):
            x = self.conv(x)
            x = 0.5 * x * (1 + torch.tanh(0.7978845608 * (x + 0.05 * x * x * x)))
            return self.head(x.flatten(1))

    assert load(zoo.as_onnx(Near().eval(), opset=17)).activations == {"Tanh": 1}


def _keras_like() -> bytes:
    """As tf2onnx writes a small Keras network: channels last, transposed for every convolution, padded beforehand."""
    draw = np.random.default_rng(0)

    def weight(*shape: int) -> np.ndarray:
        return (draw.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)

    tensors = {
        "conv/W": weight(8, 3, 3, 3), "conv/b": weight(8, 1)[:, 0], "scale": 1 + weight(8, 1)[:, 0],
        "shift": weight(8, 1)[:, 0], "depthwise/W": weight(8, 1, 3, 3), "mul": weight(1, 8, 1, 1) + 1,
        "add": weight(1, 8, 1, 1), "dense/W": weight(8, 10), "dense/b": weight(10, 1)[:, 0],
        "pads": np.array([0, 0, 0, 0, 0, 0, 1, 1]), "axes": np.array([2, 3]),
        "low": np.float32(0), "high": np.float32(6),
        "mean": weight(8, 1)[:, 0], "variance": np.abs(weight(8, 1)[:, 0]) + 1,
    }  # fmt: skip
    node = helper.make_node
    nodes = [
        node("Transpose", ["image"], ["first"], "model/conv/Conv2D__6", perm=[0, 3, 1, 2]),
        node("Pad", ["first", "pads"], ["padded"], "model/pad/Pad"),
        node("Conv", ["padded", "conv/W", "conv/b"], ["c"], "model/conv/Conv2D", strides=[2, 2]),
        node("BatchNormalization", ["c", "scale", "shift", "mean", "variance"], ["normed"], "model/bn/FusedNorm"),
        node("Clip", ["normed", "low", "high"], ["relu6"], "model/relu/Relu6"),
        node("Transpose", ["relu6"], ["back"], perm=[0, 2, 3, 1]),
        node("Transpose", ["back"], ["again"], perm=[0, 3, 1, 2]),
        node("Conv", ["again", "depthwise/W"], ["d"], "model/dw/depthwise", group=8, auto_pad="SAME_UPPER"),
        node("Mul", ["d", "mul"], ["scaled"]), node("Add", ["scaled", "add"], ["shifted"]),
        node("Relu", ["shifted"], ["r"]), node("GlobalAveragePool", ["r"], ["pooled"]),
        node("Squeeze", ["pooled", "axes"], ["flat"]), node("MatMul", ["flat", "dense/W"], ["m"], "model/dense/MatMul"),
        node("Add", ["m", "dense/b"], ["logits"], "model/dense/BiasAdd"), node("Softmax", ["logits"], ["scores"]),
    ]  # fmt: skip
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 32, 32, 3])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 10])
    stored = [numpy_helper.from_array(np.asarray(value), name) for name, value in tensors.items()]
    graph = helper.make_graph(nodes, "tf2onnx", [image], [scores], stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def test_a_network_from_keras_is_its_layers():
    """Transposes and paddings are no layers, a scale and a shift are parameters of their own, the softmax is cut."""
    canonical = load(_keras_like())
    assert canonical.input_shape == (3, 32, 32)
    assert canonical.softmax_cut == "softmax"
    assert canonical.batch is None
    kinds = [(step.kind, step.parameters) for step in canonical.steps]
    assert kinds == [("Conv2d", 240), ("Conv2d", 72), ("Parameter", 8), ("Parameter", 8), ("Linear", 90)]
    assert canonical.activations == {"ReLU": 2, "Ceiling": 1}
    assert coverage(canonical) == 1.0
    probes = parity(canonical, random_probes(canonical, torch.Generator().manual_seed(0), 2))
    assert max(probe.max_relative for probe in probes) < 1e-5
