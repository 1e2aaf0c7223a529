"""Reading a TorchScript file: the program, what it computes in, and what its first layer wants."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

import torch

from junco.audit.graph.archive import on_cpu
from junco.audit.graph.gate import require_admissible
from junco.audit.graph.gate.loaded import require_known_operators
from junco.audit.graph.nodes import nodes
from junco.audit.graph.signature import require_forward
from junco.contract.errors import ModelNotJudgeable, ModelUnreadable

_FLOATS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)


@dataclass(frozen=True)
class FirstLayer:
    """What the first weighted layer reads: ``channels`` of an image, or ``features`` of a flattened one."""

    channels: int | None = None
    features: int | None = None


@dataclass(frozen=True)
class Program:
    """A loaded program in eval mode, and the type of its weights."""

    script: torch.jit.ScriptModule
    dtype: torch.dtype
    first: FirstLayer
    warnings: tuple[str, ...]


def read(data: bytes) -> Program:
    """Load a TorchScript archive on the CPU, whatever it was saved on.

    Raises ``ModelUnreadable``; ``ModelNotJudgeable`` if weights are quantised or packed, or no method takes images.
    """
    data, found = on_cpu(data)
    require_admissible(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            script = torch.jit.load(BytesIO(data), map_location="cpu")  # type: ignore[no-untyped-call]
    except Exception as error:
        raise _unreadable(error) from error
    require_known_operators(script)
    require_forward(script)
    notes = list(found)
    if getattr(script, "training", False):
        notes.append("the file was saved in training mode: it was put in eval mode, but what its program fixed stays")
    script.eval()
    dtype, first = _dtype(script), _first_layer(script)
    if dtype is not torch.float32:
        notes.append(f"the model computes in {dtype}: it is explained in float32".replace("torch.", ""))
    if next(script.parameters(), None) is None and any(weight.dim() > 1 for weight in _constants(script)):
        notes.append(
            "the file is frozen and names no weights: layers are named by kind, in the order in which they run"
        )
    return Program(script, dtype, first, tuple(notes))


def _unreadable(error: Exception) -> ModelUnreadable:
    return ModelUnreadable(
        "torch cannot load this TorchScript archive",
        expected="an archive that torch.jit.load reads",
        found=f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0][:200]}",
        remedy="load the file with torch.jit.load where it was made, and export it again with a current torch",
    )


def _dtype(script: torch.jit.ScriptModule) -> torch.dtype:
    """Type of the first weight with more than one dimension."""
    weights = [*script.parameters(), *script.buffers(), *_constants(script)]
    if any(weight.is_quantized for weight in weights):
        raise ModelNotJudgeable(
            "the model is quantised",
            expected="floating-point weights",
            found="quantised weights",
            remedy="upload the model as it was before quantisation: quantised weights have no gradients",
        )
    floats = [w.dtype for w in sorted(weights, key=lambda w: w.dim() < 2) if w.is_floating_point()]
    return floats[0] if floats and floats[0] in _FLOATS else torch.float32


def _constants(script: torch.jit.ScriptModule) -> Iterator[torch.Tensor]:
    for node in nodes(script.inlined_graph):
        if node.kind() == "prim::Constant":
            value = node.output().toIValue()
            if isinstance(value, torch.Tensor):
                yield value


def _first_layer(script: torch.jit.ScriptModule) -> FirstLayer:
    for node in nodes(script.inlined_graph):
        if node.kind() in ("aten::conv2d", "aten::_convolution", "aten::convolution"):
            shape = _shape(script, list(node.inputs())[1])
            groups = list(node.inputs())[6 if node.kind() == "aten::conv2d" else 8].toIValue()
            if len(shape) != 4 or not isinstance(groups, int):
                return FirstLayer()
            return FirstLayer(channels=shape[1] * groups)
        if node.kind() == "aten::linear":
            shape = _shape(script, list(node.inputs())[1])
            return FirstLayer(features=shape[1]) if len(shape) == 2 else FirstLayer()
    return FirstLayer()


def _shape(script: torch.jit.ScriptModule, value: torch._C.Value) -> tuple[int, ...]:
    """Shape of the tensor that a program's value holds, constant or attribute; empty if it is computed."""
    path: list[str] = []
    while value.node().kind() == "prim::GetAttr":
        path.append(value.node().s("name"))
        value = value.node().input()
    held: object = value.toIValue() if not path else script
    for name in reversed(path):
        held = getattr(held, name, None)
    return tuple(held.shape) if isinstance(held, torch.Tensor) else ()
