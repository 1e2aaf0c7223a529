"""Names of an ONNX file's tensors as names that a torch module can bear."""

import re
from collections.abc import Iterable, Mapping

from torch import fx

from junco.audit.graph.onnx.program import Graph, Node

_AUTOMATIC = re.compile(r"^(onnx::|val_|\d+$|_)")


def safe_names(names: Iterable[str]) -> list[str]:
    """The names, in their order, as dotted identifiers, all different, none the beginning of another.

    A graph's names end up in the source text that torch.fx writes and runs, so nothing but letters, digits and
    underscores may pass.
    """
    found: list[str] = []
    taken: set[str] = set()
    inner: set[str] = set()
    for name in names:
        candidate = stem = _safe(name)
        count = 1
        while candidate in taken or candidate in inner or any(path in taken for path in _paths(candidate)):
            count += 1
            candidate = f"{stem.replace('.', '_')}_{count}" if count > 2 else stem.replace(".", "_") + "_tensor"
        found.append(candidate)
        taken.add(candidate)
        inner.update(_paths(candidate))
    return found


def _safe(name: str) -> str:
    parts = [re.sub(r"\W", "_", part, flags=re.ASCII) for part in re.split(r"[./]+", name) if part][:32]
    return ".".join(_free_of_torch(part[:128]) for part in parts) or "tensor"


def _free_of_torch(part: str) -> str:
    """``part`` so that it is an identifier, and no attribute that every torch module has."""
    part = part if part[0].isalpha() or part[0] == "_" or part.isdigit() else f"t{part}"
    return f"{part}_" if hasattr(fx.GraphModule, part) or part in _OF_INSTANCES else part


_OF_INSTANCES = {"training", "graph", "_graph", "_code", "_parameters", "_buffers", "_modules", "_tracer_cls", "meta"}


def _paths(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]


_WEIGHTED = ("Conv", "ConvTranspose", "Gemm", "MatMul", "BatchNormalization", "PRelu", "LayerNormalization")

_FORMS = ("DequantizeLinear", "Identity", "Transpose", "Reshape", "Cast")


def preferred_names(graph: Graph) -> list[str]:
    """A name for every constant of ``graph``, in their order.

    Where an exporter made a weight's name up, as it does for what it folded, the name of the node that reads it
    tells where in the model it lies.
    """
    better: dict[str, str] = {}
    makers = {name: node for node in graph.nodes for name in node.outputs}
    for node in graph.nodes:
        path = module_path(node)
        if node.op not in _WEIGHTED or not path:
            continue
        for role, name in zip(("weight", "bias"), node.inputs[1:3], strict=False):
            held = _origin(name, makers)
            if held in graph.constants and _AUTOMATIC.match(held):
                better.setdefault(held, f"{path}.{role}")
    return [better.get(name, _unquantised(name)) for name in graph.constants]


def _origin(name: str, makers: Mapping[str, Node]) -> str:
    """The tensor that the one called ``name`` is another form of."""
    while name in makers and makers[name].op in _FORMS:
        name = makers[name].inputs[0]
    return name


def _unquantised(name: str) -> str:
    """The name that a weight had before a quantising tool renamed it."""
    return name.removesuffix("_quantized")


def module_path(node: Node) -> str:
    """Where the module that a node came from lies in its model: ``layer1.0.conv`` of ``/layer1/layer1.0/conv/Conv``."""
    path = ""
    for part in node.name.strip("/").split("/")[:-1]:
        path = part if part.startswith(f"{path}.") or not path else f"{path}.{part}"
    return path
