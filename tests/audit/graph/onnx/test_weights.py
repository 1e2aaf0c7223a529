"""Weights are found wherever an ONNX file keeps them."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from onnx import ModelProto, TensorProto, helper, numpy_helper

from junco.audit.graph import coverage, load, parity, random_probes
from tests.audit.graph.onnx import zoo
from tests.truth import models


def _constant(model: ModelProto, weight: TensorProto) -> list[object]:
    """The weight in a Constant node."""
    return [helper.make_node("Constant", [], [weight.name], value=weight)]


def _identity(model: ModelProto, weight: TensorProto) -> list[object]:
    """The weight behind an Identity."""
    model.graph.initializer.append(numpy_helper.from_array(numpy_helper.to_array(weight), "kept"))
    return [helper.make_node("Identity", ["kept"], [weight.name])]


def _transposed(model: ModelProto, weight: TensorProto) -> list[object]:
    """The weight stored with its sides reversed."""
    turned = np.ascontiguousarray(numpy_helper.to_array(weight).T)
    model.graph.initializer.append(numpy_helper.from_array(turned, "kept"))
    return [helper.make_node("Transpose", ["kept"], [weight.name])]


def _reshaped(model: ModelProto, weight: TensorProto) -> list[object]:
    """The weight stored as one row."""
    model.graph.initializer.append(numpy_helper.from_array(numpy_helper.to_array(weight).reshape(-1), "kept"))
    model.graph.initializer.append(numpy_helper.from_array(np.array(weight.dims), "sides"))
    return [helper.make_node("Reshape", ["kept", "sides"], [weight.name])]


def _half(model: ModelProto, weight: TensorProto) -> list[object]:
    """The weight stored in half precision."""
    model.graph.initializer.append(numpy_helper.from_array(numpy_helper.to_array(weight).astype(np.float16), "kept"))
    return [helper.make_node("Cast", ["kept"], [weight.name], to=TensorProto.FLOAT)]


def _quantised(model: ModelProto, weight: TensorProto) -> list[object]:
    """The weight stored in eight bits, one scale a channel."""
    values = numpy_helper.to_array(weight)
    scale = (np.abs(values).reshape(len(values), -1).max(1) / 127).astype(np.float32)
    steps = np.round(values / scale.reshape(-1, *[1] * (values.ndim - 1))).astype(np.int8)
    model.graph.initializer.append(numpy_helper.from_array(steps, "kept"))
    model.graph.initializer.append(numpy_helper.from_array(scale, "scale"))
    model.graph.initializer.append(numpy_helper.from_array(np.zeros(len(scale), np.int8), "zero"))
    return [helper.make_node("DequantizeLinear", ["kept", "scale", "zero"], [weight.name], axis=0)]


HIDING = (_constant, _identity, _transposed, _reshaped, _half, _quantised)


@pytest.mark.parametrize(
    ("hide", "name"),
    [*((hide, "conv2.weight") for hide in HIDING), (_transposed, "fc.weight"), (_quantised, "fc.weight")],
    ids=lambda value: value if isinstance(value, str) else value.__name__.strip("_"),
)
def test_a_hidden_weight_is_a_layers_weight(hide: Callable[[ModelProto, TensorProto], list[object]], name: str):
    """The layer is a layer all the same, its parameters counted and covered."""
    model = ModelProto.FromString(zoo.as_onnx(models.residual(), "unfolded"))
    weight = next(tensor for tensor in model.graph.initializer if tensor.name == name)
    model.graph.initializer.remove(weight)
    nodes = hide(model, weight)
    for node in reversed(nodes):
        model.graph.node.insert(0, node)
    canonical = load(model.SerializeToString())
    assert [step.kind for step in canonical.steps] == ["Conv2d"] * 4 + ["Linear"]
    assert sum(step.parameters for step in canonical.steps) == sum(p.numel() for p in models.residual().parameters())
    assert coverage(canonical) == 1.0
    probes = parity(canonical, random_probes(canonical, torch.Generator().manual_seed(0), 2))
    assert all(probe.within for probe in probes)


def test_a_weight_that_two_layers_share_is_one_parameter():
    """Randomising one of them randomises both."""
    canonical = load(zoo.as_onnx(models.tied()))
    module = canonical.module
    assert module.get_parameter("shared.weight") is module.get_parameter("shared_2.weight")
    tensors = [name for step in canonical.steps for name in step.tensors]
    assert sum(module.get_parameter(name).numel() for name in tensors) == sum(p.numel() for p in module.parameters())
    assert sum(p.numel() for p in module.parameters()) == sum(p.numel() for p in models.tied().parameters())


def test_tokens_and_positions_are_steps_of_their_own():
    """Raw parameters that no layer holds."""
    names = [step.name for step in load(zoo.as_onnx(models.token_net())).steps]
    assert names == ["embed", "token", "position", "qkv", "project", "scale", "fc"]


def test_rounded_activations_let_gradients_through():
    """QuantizeLinear followed by DequantizeLinear: forward rounds, backward does not see it."""
    model = ModelProto.FromString(zoo.as_onnx(models.small_cnn(), "unfolded"))
    first = model.graph.node[0]
    inner = first.output[0]
    model.graph.initializer.append(numpy_helper.from_array(np.float32(0.02), "step"))
    model.graph.initializer.append(numpy_helper.from_array(np.int16(0), "middle"))
    first.output[0] = "raw"
    rounding = [
        helper.make_node("QuantizeLinear", ["raw", "step", "middle"], ["steps"]),
        helper.make_node("DequantizeLinear", ["steps", "step", "middle"], [inner]),
    ]
    for node in reversed(rounding):
        model.graph.node.insert(1, node)
    model.opset_import[0].version = 21
    canonical, plain = load(model.SerializeToString()), load(zoo.as_onnx(models.small_cnn(), "unfolded"))
    assert any("straight through" in warning for warning in canonical.warnings)
    x = torch.randn(2, *models.IMAGE, generator=torch.Generator().manual_seed(0))
    rounded, smooth = (model(x.requires_grad_()) for model in (canonical, plain))
    assert 0 < float((rounded - smooth).detach().abs().max()) < 0.05
    gradients = [torch.autograd.grad(logits[:, 0].sum(), x)[0] for logits in (rounded, smooth)]
    # Rounding moves a few units across their ReLU's edge, and a few maxima to other places.
    assert float(torch.nn.functional.cosine_similarity(*(g.flatten() for g in gradients), dim=0)) > 0.9
