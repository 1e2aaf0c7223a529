"""Hostile and broken ONNX files end in a named refusal."""

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from junco.audit.graph import load
from junco.contract.errors import JuncoError, ModelFormatUnsupported, ModelNotJudgeable, ModelUnreadable
from tests.audit.graph.onnx import zoo
from tests.truth import models


@pytest.fixture(scope="module")
def whole() -> bytes:
    return zoo.as_onnx(models.small_cnn())


def _opened(data: bytes) -> ModelProto:
    return ModelProto.FromString(data)


def _refused(model: ModelProto, kind: type[JuncoError]) -> JuncoError:
    with pytest.raises(kind) as refusal:
        load(model.SerializeToString())
    assert refusal.value.remedy
    return refusal.value


def test_weights_outside_the_file_are_refused(whole):
    """Wherever they are: in the graph, or in an attribute of a node."""
    model = _opened(whole)
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    assert "outside the file" in _refused(model, ModelFormatUnsupported).detail
    model = _opened(whole)
    outside = helper.make_node("Constant", [], ["secret"], value=tensor)
    model.graph.node.insert(0, outside)
    assert "outside the file" in _refused(model, ModelFormatUnsupported).detail


def test_operators_outside_the_standard_are_refused(whole):
    """Another domain names code that is not ours."""
    model = _opened(whole)
    model.graph.node[0].domain = "com.example"
    assert "com.example" in str(_refused(model, ModelFormatUnsupported).found)


def test_functions_of_the_file_are_refused(whole):
    """They would be run unseen."""
    model = _opened(whole)
    model.functions.append(
        helper.make_function("own", "F", ["a"], ["b"], [helper.make_node("Relu", ["a"], ["b"])], model.opset_import)
    )
    assert "functions" in _refused(model, ModelFormatUnsupported).detail


def test_too_many_nodes_are_refused(whole):
    """Five thousand are enough for any classifier."""
    model = _opened(whole)
    first = model.graph.node[0].input[0]
    model.graph.node.extend(helper.make_node("Relu", [first], [f"r{place}"]) for place in range(20_001))
    assert "5000 nodes" in _refused(model, ModelFormatUnsupported).detail


@pytest.mark.parametrize("depth", [9, 60, 3000])
def test_deep_nesting_is_refused(whole, depth):
    """Branches inside branches, up to what the protobuf parser itself refuses."""
    inner = b""
    relu = helper.make_node("Relu", ["image"], ["b"])
    graph = helper.make_graph([relu], "g", [], [helper.make_tensor_value_info("b", 1, None)])
    node = helper.make_node("If", ["c"], ["b"], then_branch=graph, else_branch=graph).SerializeToString()
    graph_head = graph.SerializeToString()
    for _ in range(depth):
        inner = graph_head if not inner else _field(1, _node(inner)) + _field(2, b"g")
    del node
    model = _opened(whole).SerializeToString() + _field(7, _field(1, _node(inner)))
    with pytest.raises((ModelFormatUnsupported, ModelUnreadable)):
        load(model)


def _field(number: int, payload: bytes) -> bytes:
    """One length-delimited protobuf field: nested by hand, because the library refuses to write such depths."""
    size, length = len(payload), bytearray()
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([number << 3 | 2]) + bytes([*length, size]) + payload


def _node(graph: bytes) -> bytes:
    """An If whose branch is ``graph``."""
    attribute = _field(1, b"then_branch") + _field(6, graph) + bytes([20 << 3 & 0x7F | 0x80, 1, 5])
    return _field(1, b"image") + _field(4, b"If") + _field(5, attribute)


@pytest.mark.parametrize("sides", [[-1, 3, 3, 3], [1 << 31, 1], [1 << 20, 1 << 20, 1 << 20], [8, 3, 3, 4]])
def test_shapes_that_the_bytes_do_not_fill_are_refused(whole, sides):
    """Negative, huge, overflowing, or merely one off."""
    model = _opened(whole)
    del model.graph.initializer[0].dims[:]
    model.graph.initializer[0].dims.extend(sides)
    _refused(model, ModelUnreadable)


def test_a_cycle_and_a_missing_weight_are_refused(whole):
    """Both read what nothing before them gives."""
    model = _opened(whole)
    model.graph.node[0].input[0] = model.graph.node[-1].output[0]
    assert "nothing before it" in str(_refused(model, ModelUnreadable).found)
    model = _opened(whole)
    del model.graph.initializer[0]
    _refused(model, ModelUnreadable)


def test_a_claim_of_memory_is_refused_before_it_is_made():
    """A few bytes that ask for 2^40 numbers."""
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["big"]),
        helper.make_node("ReduceSum", ["big"], ["sum"], keepdims=0),
        helper.make_node("GlobalAveragePool", ["image"], ["mean"]),
        helper.make_node("Add", ["mean", "sum"], ["scores"]),
    ]
    graph = helper.make_graph(
        nodes, "g",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, 32, 32])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.array([1 << 20, 1 << 20]), "shape")],
    )  # fmt: skip
    with pytest.raises(JuncoError):
        load(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString())


def test_names_cannot_reach_the_source_text_that_fx_writes(whole):
    """A weight named as Python code is a weight, and its name harmless."""
    model = _opened(whole)
    old = model.graph.initializer[0].name
    new = '");__import__("os").abort();("'
    model.graph.initializer[0].name = new
    for node in model.graph.node:
        node.input[:] = [new if name == old else name for name in node.input]
        node.name = ""
    canonical = load(model.SerializeToString())
    assert "abort()" not in canonical.module.code
    assert all(c.isalnum() or c in "_." for name, _ in canonical.module.named_parameters() for c in name)


def test_several_inputs_and_integer_images_are_refused(whole):
    """One floating-point image goes in."""
    model = _opened(whole)
    model.graph.input.append(helper.make_tensor_value_info("mask", TensorProto.FLOAT, [1]))
    assert "2 inputs" in str(_refused(model, ModelNotJudgeable).found)
    model = _opened(whole)
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8
    with pytest.raises(JuncoError):
        load(model.SerializeToString())


def test_mutated_files_end_in_a_named_error_or_a_model(whole):
    """A hundred and twenty files with some bytes changed, seeded: nothing but errors that Junco names."""
    generator = np.random.default_rng(0)
    refused = 0
    for _ in range(120):
        data = bytearray(whole)
        for place in generator.integers(0, len(data), generator.integers(1, 6)):
            data[place] = generator.integers(0, 256)
        try:
            load(bytes(data))
        except JuncoError:
            refused += 1
    assert 0 < refused < 120


def test_a_model_without_weights_is_refused():
    """There is nothing to randomise."""
    nodes = [helper.make_node("GlobalAveragePool", ["image"], ["scores"])]
    graph = helper.make_graph(
        nodes, "g",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, 32, 32])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, None)],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    assert "no parameters" in _refused(model, ModelNotJudgeable).detail
