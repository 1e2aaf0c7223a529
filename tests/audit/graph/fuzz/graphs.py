"""ONNX files that are well formed and mean harm, or nonsense: each a change of a valid model."""

from typing import Any

import numpy as np
from numpy.random import Generator
from onnx import AttributeProto, ModelProto, NodeProto, TensorProto, defs, helper, numpy_helper

from tests.audit.graph.fuzz.registry import Kind, Seed, mutation
from tests.audit.graph.fuzz.wire import Field

_SIDES = (-1, 0, 1, 7, (1 << 31) - 1, 1 << 31, 1 << 40, (1 << 63) - 1, -(1 << 63))


def _opened(seed: Seed) -> ModelProto:
    return ModelProto.FromString(seed.data)


def _any(values: Any, generator: Generator) -> Any:
    return values[int(generator.integers(len(values)))]


@mutation(Kind.ONNX)
def cycle(seed: Seed, generator: Generator) -> bytes:
    """A node reads what a later one gives."""
    model = _opened(seed)
    reader = _any([node for node in model.graph.node if node.input], generator)
    reader.input[0] = _any(model.graph.node, generator).output[0]
    return model.SerializeToString()


@mutation(Kind.ONNX)
def initializer_missing(seed: Seed, generator: Generator) -> bytes:
    """A weight is read and not there."""
    model = _opened(seed)
    del model.graph.initializer[int(generator.integers(len(model.graph.initializer)))]
    return model.SerializeToString()


@mutation(Kind.ONNX)
def weight_reshaped(seed: Seed, generator: Generator) -> bytes:
    """Sides that are negative, zero, or of 2^31 and more; sometimes with bytes that fit them."""
    model = _opened(seed)
    tensor = _any(model.graph.initializer, generator)
    sides = [int(_any(_SIDES, generator)) for _ in range(int(generator.integers(1, 6)))]
    del tensor.dims[:]
    tensor.dims.extend(sides)
    if generator.integers(2) and 0 in sides:
        tensor.raw_data = b""
    return model.SerializeToString()


@mutation(Kind.ONNX)
def image_reshaped(seed: Seed, generator: Generator) -> bytes:
    """The input's own shape lies, or loses a side."""
    model = _opened(seed)
    dims = model.graph.input[0].type.tensor_type.shape.dim
    if generator.integers(4):
        _any(dims, generator).dim_value = int(_any(_SIDES, generator))
    else:
        del dims[int(generator.integers(len(dims)))]
    return model.SerializeToString()


@mutation(Kind.ONNX)
def shape_constant_changed(seed: Seed, generator: Generator) -> bytes:
    """A constant of whole numbers, such as Reshape and Slice read, is extreme."""
    model = _opened(seed)
    model.graph.initializer.append(numpy_helper.from_array(np.array([int(_any(_SIDES, generator))]), "extreme"))
    op = str(_any(("Reshape", "Expand", "Tile", "ConstantOfShape", "Unsqueeze", "Squeeze", "Gather"), generator))
    reader = next(node for node in model.graph.node if node.input)
    reads = ["extreme"] if op == "ConstantOfShape" else [reader.input[0], "extreme"]
    reader.input[0] = "spoilt"
    model.graph.node.insert(0, helper.make_node(op, reads, ["spoilt"]))
    return model.SerializeToString()


@mutation(Kind.ONNX)
def grown(seed: Seed, generator: Generator) -> bytes:
    """A few bytes that ask for gigabytes."""
    model = _opened(seed)
    side = int(_any((1 << 10, 1 << 14, 1 << 16, 1 << 20), generator))
    tensor = numpy_helper.from_array(np.array([side, side, side]), "sides")
    model.graph.initializer.append(tensor)
    op, reads = _any((("ConstantOfShape", ["sides"]), ("Expand", ["extreme", "sides"])), generator)
    model.graph.initializer.append(numpy_helper.from_array(np.ones(1, np.float32), "extreme"))
    nodes = [
        helper.make_node(op, reads, ["big"]),
        helper.make_node("ReduceSum", ["big"], ["sum"], keepdims=0),
        helper.make_node("Add", [model.graph.node[-1].output[0], "sum"], ["total"]),
    ]
    model.graph.node.extend(nodes)
    model.graph.output[0].name = "total"
    return model.SerializeToString()


@mutation(Kind.ONNX)
def attribute_changed(seed: Seed, generator: Generator) -> bytes:
    """A number in an attribute, or in a list of them, is extreme; or the list has another length."""
    model = _opened(seed)
    held = [a for n in model.graph.node for a in n.attribute if a.type in (AttributeProto.INT, AttributeProto.INTS)]
    if not held:
        return seed.data
    attribute = _any(held, generator)
    side = max(-(1 << 63), int(_any(_SIDES, generator)))
    if attribute.type == AttributeProto.INT:
        attribute.i = side
    elif generator.integers(3):
        attribute.ints[int(generator.integers(len(attribute.ints)))] = side
    else:
        attribute.ints.extend([side] * int(_any((1, 5, 10_000), generator)))
    return model.SerializeToString()


@mutation(Kind.ONNX)
def operator_changed(seed: Seed, generator: Generator) -> bytes:
    """A node becomes another operator of the standard."""
    model = _opened(seed)
    names = sorted({schema.name for schema in defs.get_all_schemas()})
    _any(model.graph.node, generator).op_type = str(_any(names, generator))
    return model.SerializeToString()


@mutation(Kind.ONNX)
def opset_changed(seed: Seed, generator: Generator) -> bytes:
    """Any version, sensible or not."""
    model = _opened(seed)
    model.opset_import[0].version = int(_any((*range(1, 30), *_SIDES[4:8]), generator))
    model.ir_version = int(generator.integers(1, 20))
    return model.SerializeToString()


@mutation(Kind.ONNX)
def foreign(seed: Seed, generator: Generator) -> bytes:
    """Weights of another file, an operator of another domain, or a function of its own."""
    model = _opened(seed)
    match int(generator.integers(3)):
        case 0:
            tensor = _any(model.graph.initializer, generator)
            tensor.ClearField("raw_data")
            tensor.data_location = TensorProto.EXTERNAL
            tensor.external_data.add(key="location", value=str(_any(("/etc/passwd", "../w", "w\0"), generator)))
        case 1:
            _any(model.graph.node, generator).domain = str(_any(("com.microsoft", "ai.onnx.ml", "x" * 9999), generator))
        case _:
            body = [helper.make_node("Relu", ["a"], ["b"])]
            model.functions.append(helper.make_function("own", "F", ["a"], ["b"], body, model.opset_import))
    return model.SerializeToString()


@mutation(Kind.ONNX)
def nested(seed: Seed, generator: Generator) -> bytes:
    """Branches inside branches, up to ten thousand deep: written by hand, because the library refuses to."""
    inner = helper.make_graph([helper.make_node("Relu", ["image"], ["b"])], "g", [], []).SerializeToString()
    for _ in range(int(_any((5, 9, 60, 500, 10_000), generator))):
        attribute = (
            Field(1, 2, b"then_branch").encoded() + Field(6, 2, inner).encoded() + Field(20, 0, b"", 5).encoded()
        )
        node = Field(1, 2, b"image").encoded() + Field(4, 2, b"If").encoded() + Field(5, 2, attribute).encoded()
        inner = Field(1, 2, node).encoded() + Field(2, 2, b"g").encoded()
    node = inner[2:] if generator.integers(8) == 0 else inner
    return seed.data + Field(7, 2, node).encoded()


@mutation(Kind.ONNX)
def swollen(seed: Seed, generator: Generator) -> bytes:
    """Huge names, huge text, a huge attribute, or very many nodes."""
    model = _opened(seed)
    match int(generator.integers(4)):
        case 0:
            _any(model.graph.node, generator).op_type = "A" * (8 << 20)
        case 1:
            model.producer_name = model.graph.name = model.graph.node[0].name = "é" * (4 << 20)
        case 2:
            node = _any(model.graph.node, generator)
            node.attribute.append(helper.make_attribute("huge", np.zeros(1 << 21, np.float32).tolist()))
        case _:
            image = model.graph.input[0].name
            model.graph.node.extend(NodeProto(op_type="Relu", input=[image], output=[f"n{i}"]) for i in range(19_000))
    return model.SerializeToString()


@mutation(Kind.ONNX)
def names_collide(seed: Seed, generator: Generator) -> bytes:
    """Two tensors of one name, or names that are empty, odd or code."""
    model = _opened(seed)
    old = _any([value for node in model.graph.node for value in node.output], generator)
    new = _any(
        (model.graph.input[0].name, model.graph.initializer[0].name, "", "\0", "__class__", "a.b..c", "/"), generator
    )
    for node in model.graph.node:
        node.input[:] = [new if name == old else name for name in node.input]
        node.output[:] = [new if name == old else name for name in node.output]
    return model.SerializeToString()


@mutation(Kind.ONNX)
def retyped(seed: Seed, generator: Generator) -> bytes:
    """A tensor says that it is of another element type."""
    model = _opened(seed)
    kind = int(_any((*TensorProto.DataType.values(), 99, -1), generator))
    if generator.integers(3):
        _any(model.graph.initializer, generator).data_type = kind
    else:
        model.graph.input[0].type.tensor_type.elem_type = kind
    return model.SerializeToString()
