"""TorchScript to plain ATen calls by torch's own converter: the one file that knows this private interface."""

from typing import Any

import torch
from torch import Tensor, fx
from torch.export import Dim, ExportedProgram
from torch.export.graph_signature import InputKind, OutputKind

from junco.audit.graph.ops import mutates
from junco.audit.graph.retrace import Traced

_TENSORS = {InputKind.PARAMETER, InputKind.BUFFER, InputKind.CONSTANT_TENSOR}
_LARGEST_BATCH = 1 << 16


def converted(script: torch.jit.ScriptModule, x: Tensor, *, any_batch: bool) -> Traced:
    """The program as a graph, its output a tuple of all tensors that it answers, flattened.

    Raises whatever torch raises; ``NotImplementedError`` for control flow that cannot be resolved.
    """
    program = _converter(any_batch)(script, (x,)).convert()
    if any(mutates(node) for node in program.graph.nodes):
        program = program.run_decompositions({})
    return _unlifted(program)


def _converter(any_batch: bool) -> type[Any]:
    """Torch's converter, exporting straight to the batch sizes that we want: its own export would be done over."""
    from torch._export.converter import TS2EPConverter  # slow to import, and private

    class _Converter(TS2EPConverter):
        def retrace_as_exported_program(self, gm: fx.GraphModule, name_to_constant: dict[str, Any]) -> ExportedProgram:
            for name, value in name_to_constant.items():
                if not isinstance(value, Tensor) and hasattr(gm, name):
                    raise NotImplementedError(f"a constant of type {type(value).__name__}")
            shapes = ({0: Dim("batch", max=_LARGEST_BATCH)},) if any_batch else None
            return torch.export.export(gm, self.sample_args, dynamic_shapes=shapes)

    return _Converter


def _unlifted(program: ExportedProgram) -> tuple[fx.Graph, dict[str, Tensor]]:
    """The program's graph with its tensors read as attributes instead of handed in, and the tensors."""
    sources = {**program.state_dict, **program.constants}
    targets = {spec.arg.name: spec.target for spec in program.graph_signature.input_specs if spec.kind in _TENSORS}
    graph, copies, tensors = fx.Graph(), dict[fx.Node, fx.Node](), dict[str, Tensor]()
    for node in program.graph.nodes:
        target = targets.get(node.name) if node.op == "placeholder" else None
        if target is not None:
            copies[node] = graph.get_attr(target)
            tensors[target] = sources[target]
        elif node.op == "output":
            kinds = [spec.kind for spec in program.graph_signature.output_specs]
            answers = [a for a, kind in zip(node.args[0], kinds, strict=True) if kind is OutputKind.USER_OUTPUT]
            graph.output(tuple(copies[answer] for answer in answers if isinstance(answer, fx.Node)))
        else:
            if node.op == "get_attr":
                raise NotImplementedError("control flow that depends on data")
            copies[node] = graph.node_copy(node, lambda old: copies[old])
    return graph, tensors
