"""Networks whose files compute in half types, wholly or between casts."""

import numpy as np
import onnx
import pytest
import torch
from onnx import ModelProto, TensorProto, helper, numpy_helper

from junco.audit.graph import coverage, load, parity, random_probes
from junco.contract.errors import JuncoError
from tests.audit.graph.onnx import zoo
from tests.truth import models

FLOAT16, BFLOAT16 = TensorProto.FLOAT16, TensorProto.BFLOAT16


def _narrowed(tensor: TensorProto, kind: int) -> TensorProto:
    if tensor.data_type != TensorProto.FLOAT:
        return tensor
    values = torch.from_numpy(numpy_helper.to_array(tensor).copy())
    if kind == FLOAT16:
        return numpy_helper.from_array(values.numpy().astype(np.float16), tensor.name)
    raw = values.to(torch.bfloat16).view(torch.int16).numpy().tobytes()
    return helper.make_tensor(tensor.name, kind, list(tensor.dims), raw, raw=True)


def _in_half(data: bytes, kind: int, *, mixed: bool) -> bytes:
    """The model with all weights in a half type; input and output too, unless ``mixed`` puts casts at both ends."""
    model = ModelProto.FromString(data)
    graph = model.graph
    narrow = [_narrowed(tensor, kind) for tensor in graph.initializer]
    del graph.initializer[:], graph.value_info[:]
    graph.initializer.extend(narrow)
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                attribute.t.CopyFrom(_narrowed(attribute.t, kind))
            if node.op_type == "Cast" and attribute.i == TensorProto.FLOAT:
                attribute.i = kind
    if not mixed:
        for value in (*graph.input, *graph.output):
            value.type.tensor_type.elem_type = kind
        return _checked(model)
    first, last = graph.input[0].name, graph.output[0].name
    for node in graph.node:
        node.input[:] = ["narrow_image" if name == first else name for name in node.input]
        node.output[:] = ["narrow_scores" if name == last else name for name in node.output]
    graph.node.insert(0, helper.make_node("Cast", [first], ["narrow_image"], to=kind))
    graph.node.append(helper.make_node("Cast", ["narrow_scores"], [last], to=TensorProto.FLOAT))
    return _checked(model)


def _checked(model: ModelProto) -> bytes:
    onnx.checker.check_model(model)
    return model.SerializeToString()


def _rounded(network: torch.nn.Module, kind: torch.dtype) -> torch.nn.Module:
    """The network with its weights as the file holds them, computing in float32."""
    with torch.no_grad():
        for tensor in (*network.parameters(), *(b for b in network.buffers() if b.is_floating_point())):
            tensor.copy_(tensor.to(kind))
    return network


def _gradient(function, x):
    leaf = x.clone().requires_grad_()
    logits = function(leaf)
    (logits * torch.linspace(-1, 1, logits.shape[1])).sum().backward()
    return leaf.grad


@pytest.mark.parametrize("make", [zoo.mobile_v3, zoo.vit, models.residual], ids=lambda make: make.__name__)
@pytest.mark.parametrize("mixed", [False, True], ids=["whole", "between casts"])
def test_half_precision_is_explained_in_float32(make, mixed):
    """Within float16's tolerance of onnxruntime; exactly the float32 network of the rounded weights."""
    canonical = load(_in_half(zoo.as_onnx(make(), "unfolded"), FLOAT16, mixed=mixed))
    assert all(p.dtype is torch.float32 for p in canonical.module.parameters())
    assert any("float16" in warning and "explained in float32" in warning for warning in canonical.warnings)
    assert coverage(canonical) == 1.0
    probes = parity(canonical, random_probes(canonical, torch.Generator().manual_seed(0), 2))
    assert all(probe.within and probe.tolerance == 2e-2 for probe in probes), probes
    twin, x = _rounded(make(), torch.float16), torch.randn(2, *models.IMAGE, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = twin(x)
    # Numbers written in the program are in half precision too, which is 5e-4 of each.
    torch.testing.assert_close(canonical(x), expected, rtol=2e-3, atol=2e-3 * float(expected.abs().max()))
    theirs, ours = _gradient(twin, x), _gradient(canonical, x)
    assert float((ours - theirs).norm()) < 5e-3 * float(theirs.norm())


def test_bfloat16_that_onnxruntime_cannot_run_is_refused_with_its_reason():
    """Its convolutions have no bfloat16 on a CPU: the file cannot be held against anything."""
    with pytest.raises(JuncoError) as refusal:
        load(_in_half(zoo.as_onnx(models.small_cnn(), "unfolded"), BFLOAT16, mixed=True))
    assert "onnxruntime" in str(refusal.value)
