"""Reading an ONNX file: held against the policy, opened twice, as a program of ours and as onnxruntime's."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
from onnx import ModelProto, ValueInfoProto
from torch import Tensor

from junco.audit.graph.inputs import Fitted, Shape
from junco.audit.graph.lift import Lifted
from junco.audit.graph.names import Names
from junco.audit.graph.onnx.names import preferred_names, safe_names
from junco.audit.graph.onnx.operators import every
from junco.audit.graph.onnx.policy import admitted, opset
from junco.audit.graph.onnx.program import Graph, read_graph, run
from junco.audit.graph.onnx.record import Recording, record
from junco.audit.graph.onnx.rectified import with_relus
from junco.audit.graph.onnx.session import Session, session
from junco.audit.graph.onnx.tensors import dtype
from junco.audit.graph.outputs import chosen
from junco.audit.graph.retrace import place
from junco.audit.graph.torchscript import FirstLayer
from junco.audit.graph.upload import Upload
from junco.contract.errors import ModelNotJudgeable

# Importing it fills the registry.
_OPERATORS = every
_COLOURS = (1, 3, 4)


@dataclass(frozen=True)
class _Image:
    """The graph's input: its name, type, its shape where the file fixes it, and whether channels come last."""

    name: str
    dtype: torch.dtype
    shape: Shape | None
    last: bool


def read(data: bytes, output: str | None) -> Upload:
    """The ONNX model in ``data``, of which ``output`` names the class scores where it answers several tensors.

    Raises ``ModelUnreadable``, ``ModelFormatUnsupported`` or ``ModelNotJudgeable``.
    """
    proto = admitted(data)
    graph = with_relus(read_graph(proto.graph, opset(proto)))
    image = _image(proto, graph)
    constants = dict(zip(safe_names(preferred_names(graph)), graph.constants.values(), strict=True))
    made: dict[str, Tensor] = {}
    recording = Recording(_answer(graph, image, output=output, made=made), constants, made)
    return Upload(
        format="onnx",
        producer=" ".join([proto.producer_name or "unknown", proto.producer_version]).strip()[:200],
        run=Session(session(data), image.name, graph.outputs, image.last),
        dtype=image.dtype,
        first=_first_layer(graph),
        names=lambda: _names(constants, made),
        lift=lambda found: _lift(recording, found),
        differentiable=False,
        shape=image.shape,
        warnings=tuple(_warnings(graph, image)),
        rounds=_rounds(graph),
    )


def _answer(graph: Graph, image: _Image, *, output: str | None, made: dict[str, Tensor]) -> Callable[[Tensor], Tensor]:
    def answer(x: Tensor) -> Tensor:
        given = x.permute(0, 2, 3, 1) if image.last else x
        return chosen(run(graph, {image.name: given}, made), output)

    return answer


def _lift(recording: Recording, found: Fitted) -> Lifted:
    original = found.original
    return record(recording, found.x, any_batch=original.batch is None, original=original)


def _names(constants: Mapping[str, Tensor], made: Mapping[str, Tensor]) -> Names:
    trained: dict[str, bool | None] = {**dict.fromkeys(constants), **dict.fromkeys(made, False)}
    return Names(trained, {name: place(tensor) for name, tensor in (*constants.items(), *made.items())})


def _image(proto: ModelProto, graph: Graph) -> _Image:
    values = [value for value in proto.graph.input if value.name in graph.inputs]
    if len(values) != 1:
        names = ", ".join(value.name[:40] for value in values)
        raise _no_image(f"{len(values)} inputs{': ' + names[:200] if names else ''}")
    (value,) = values
    kind = dtype(value.type.tensor_type.elem_type)
    if not kind.is_floating_point:
        raise _no_image(f"an input of type {kind}, which has no gradient")
    sides = _sides(value)
    if sides is not None and len(sides) != 4:
        raise _no_image(f"an input of {len(sides)} sides")
    return _laid_out(value.name, kind, sides or [None] * 4)


def _sides(value: ValueInfoProto) -> list[int | None] | None:
    """Sides of a value, None where one is free; None if the file says nothing of its shape."""
    if not value.type.tensor_type.HasField("shape"):
        return None
    return [d.dim_value if d.HasField("dim_value") else None for d in value.type.tensor_type.shape.dim]


def _laid_out(name: str, kind: torch.dtype, sides: list[int | None]) -> _Image:
    _, first, middle, end = sides
    last = end in _COLOURS and first not in _COLOURS
    channels, height, width = (end, first, middle) if last else (first, middle, end)
    fixed = (channels, height, width) if channels and height and width else None
    return _Image(name, kind, fixed, last)


def _no_image(found: str) -> ModelNotJudgeable:
    return ModelNotJudgeable(
        "the model does not take one batch of images",
        expected="one floating-point input [n, channels, height, width] or [n, height, width, channels]",
        found=found,
        remedy="export the model with the image as its only input",
    )


def _first_layer(graph: Graph) -> FirstLayer:
    for node in graph.nodes:
        if node.op == "Conv" and node.inputs[1] in graph.constants:
            weight = graph.constants[node.inputs[1]]
            return FirstLayer(channels=weight.shape[1] * int(node.attributes.get("group", 1)))
    return FirstLayer()


def _warnings(graph: Graph, image: _Image) -> Iterator[str]:
    if image.last:
        yield "the file takes images with channels last: they are handed in so"
    if image.dtype is not torch.float32:
        yield f"the model computes in {image.dtype}: it is explained in float32".replace("torch.", "")
    if _rounds(graph):
        yield (
            "the model rounds its activations to a few bits: gradients go straight through the rounding, "
            "and what a randomised layer answers is cut to the range that the trained one was given"
        )


_ROUNDING = ("QuantizeLinear", "QLinearConv", "QLinearMatMul")


def _rounds(graph: Graph) -> bool:
    return any(node.op in _ROUNDING for node in graph.nodes)
