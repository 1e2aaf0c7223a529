"""What a file says of itself: versions, and the names, types and sides of what goes in and comes out."""

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from zipfile import ZipFile

import torch
from torch import Tensor

from junco.audit.graph.original import Original
from junco.audit.graph.outputs import named
from junco.audit.graph.sniff import is_onnx

Sides = tuple[int | str | None, ...]


@dataclass(frozen=True)
class Port:
    """An input or output: its name, and its sides and element type where the file gives them."""

    name: str
    sides: Sides | None = None
    dtype: str = "float32"


@dataclass(frozen=True)
class Declared:
    """A file's own words; versions are None where its format has none."""

    inputs: tuple[Port, ...]
    outputs: Mapping[str, Port]
    opset: int | None = None
    ir_version: int | None = None
    archive_version: int | None = None


@dataclass(frozen=True)
class Answers:
    """What a program answered to images: every tensor by name, and the name of the one that is explained."""

    tensors: Mapping[str, Tensor]
    explained: str | None


def declared(data: bytes, original: object) -> Declared:
    """Read from the bytes and from the loaded program, both of which ``load`` has admitted."""
    return _of_onnx(data) if is_onnx(data) else _of_torchscript(data, original)


def answers(original: object, image: tuple[int, int, int]) -> Answers:
    """Everything that the program answers to black images [C, H, W]; nothing if it cannot be asked for all."""
    if not isinstance(original, Original):
        return Answers({}, None)
    with torch.no_grad():
        raw = original.raw(torch.zeros(original.batch or 1, *image, dtype=original.dtype))
        scores, found = original.choose(raw), named(raw)
    # What is chosen is one of them, or a view of one that was flattened.
    same = (name for name, tensor in found.items() if tensor.data_ptr() == scores.data_ptr())
    return Answers(found, original.output if original.output in found else next(same, None))


def channels_last(port: Port, image: tuple[int, int, int]) -> bool:
    """Whether the file's sides are [n, H, W, C] of ``image`` (C, H, W), and cannot be [n, C, H, W]."""
    if port.sides is None or len(port.sides) != 4:
        return False
    channels, height, width = image
    return not _fits(port.sides[1:], image) and _fits(port.sides[1:], (height, width, channels))


def _fits(sides: Sides, wanted: tuple[int, ...]) -> bool:
    return all(not isinstance(side, int) or side == size for side, size in zip(sides, wanted, strict=True))


def _of_onnx(data: bytes) -> Declared:
    import onnx  # slow to import, and needed for ONNX alone

    from junco.audit.graph.onnx.policy import opset

    proto = onnx.ModelProto.FromString(data)
    weights = {tensor.name for tensor in proto.graph.initializer}
    return Declared(
        inputs=tuple(_port(value) for value in proto.graph.input if value.name not in weights),
        outputs={value.name: _port(value) for value in proto.graph.output},
        opset=opset(proto),
        ir_version=proto.ir_version,
    )


def _port(value: "onnx.ValueInfoProto") -> Port:  # type: ignore[name-defined]  # noqa: F821 - imported late, as above
    import onnx

    kind = value.type.tensor_type
    dtype = onnx.TensorProto.DataType.Name(kind.elem_type).lower()
    sides = tuple(_side(side) for side in kind.shape.dim) if kind.HasField("shape") else None
    return Port(value.name, sides, {"float": "float32", "double": "float64"}.get(dtype, dtype))


def _side(dim: "onnx.TensorShapeProto.Dimension") -> int | str | None:  # type: ignore[name-defined]  # noqa: F821 - as above
    return dim.dim_value if dim.HasField("dim_value") else dim.dim_param[:40] or None


def _of_torchscript(data: bytes, original: object) -> Declared:
    script = getattr(original, "script", None)
    forward = script._c._get_method("forward") if isinstance(script, torch.jit.ScriptModule) else None
    arguments = forward.schema.arguments[1:2] if forward else []
    dtype = str(getattr(original, "dtype", torch.float32)).removeprefix("torch.")
    inputs = tuple(Port(argument.name, dtype=dtype) for argument in arguments) or (Port("input", dtype=dtype),)
    return Declared(inputs, {}, archive_version=_archive_version(data))


def _archive_version(data: bytes) -> int | None:
    with ZipFile(BytesIO(data)) as archive:
        name = next(
            (name for name in archive.namelist() if name.partition("/")[2] in ("version", ".data/version")), None
        )
        text = archive.read(name)[:8].strip() if name else b""
    return int(text) if text.isdigit() else None
