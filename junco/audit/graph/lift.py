"""TorchScript to a plain ATen graph, with a dynamic batch where the program allows one.

The one file that knows torch's private converter.
"""

import logging
import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.export import Dim, ExportedProgram
from torch.export.graph_signature import InputKind, OutputKind

from junco.audit.graph.ops import mutates
from junco.audit.graph.retrace import retrace, retrace_any_batch

_TENSORS = {InputKind.PARAMETER, InputKind.BUFFER, InputKind.CONSTANT_TENSOR}
_LARGEST_BATCH = 1 << 16


@dataclass(frozen=True)
class Lifted:
    """One input, one output, ATen calls between them, tensors read by name from ``tensors``.

    ``batch`` is the only batch size that the graph takes, or None.
    """

    graph: fx.Graph
    tensors: Mapping[str, Tensor]
    batch: int | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """What is lifted: a program, the choice of its class scores, and whether it takes batches of any size."""

    script: torch.jit.ScriptModule
    choose: Callable[[object], Tensor]
    any_batch: bool

    def answer(self, x: Tensor) -> Tensor:
        """The class scores [n, ...] of ``x``."""
        return self.choose(self.script(x))


def lift(source: Source, x: Tensor) -> Lifted:
    """The program as a graph that answers ``source.answer(x)``.

    Conversion is preferred to tracing, a free batch size to a fixed one; each attempt has to reproduce the program's
    answers. Raises whatever torch raises at the last attempt.
    """
    fixed = replace(source, any_batch=False)
    attempts = [(_convert, fixed, x[:1] if source.any_batch else x), (_trace, fixed, x[:1] if source.any_batch else x)]
    if source.any_batch:
        attempts = [(_convert, source, x), (_trace, source, x), *attempts]
    notes: list[str] = []
    with _quiet():
        for attempt, what, example in attempts[:-1]:
            try:
                lifted = attempt(what, example)
                if _reproduces(lifted, what, example):
                    return replace(lifted, notes=tuple(notes[:1]))
                notes.append("the program was traced on an example, because its conversion answers otherwise")
            except Exception as error:
                notes.append(f"the program was traced on an example, because its conversion failed: {last_line(error)}")
        attempt, what, example = attempts[-1]
        return replace(attempt(what, example), notes=tuple(notes[:1]))


@torch.no_grad()
def _reproduces(lifted: Lifted, source: Source, x: Tensor) -> bool:
    """Whether graph and program agree on ``x`` and, where any batch goes, on a batch of another size."""
    module = fx.GraphModule(holder(lifted.tensors), lifted.graph)
    batches = [x, torch.cat([x, -x, 0.5 * x])] if source.any_batch else [x]
    for batch in batches:
        theirs, ours = source.answer(batch), module(batch).reshape(len(batch), -1)
        # Loose: a wrong graph is told here, a slightly different one by the parity gate.
        if not torch.allclose(ours, theirs, rtol=0, atol=0.05 * float(theirs.abs().max())):
            return False
    return True


def _convert(source: Source, x: Tensor) -> Lifted:
    program = _converter(source.any_batch)(source.script, (x,)).convert()
    if any(mutates(node) for node in program.graph.nodes):
        program = program.run_decompositions({})
    graph, tensors = _unlifted(program)
    _keep_output(graph, tensors, x=x, wanted=source.answer(x))
    return Lifted(graph, tensors, None if source.any_batch else len(x))


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


def _trace(source: Source, x: Tensor) -> Lifted:
    script = source.script
    names = dict(script.named_parameters(remove_duplicate=False)) | dict(script.named_buffers(remove_duplicate=False))
    if not source.any_batch:
        return Lifted(*retrace(source.answer, x, names), batch=len(x))
    return Lifted(*retrace_any_batch(source.answer, x, names), batch=None)


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


def _keep_output(graph: fx.Graph, tensors: Mapping[str, Tensor], *, x: Tensor, wanted: Tensor) -> None:
    """Leave the one output that equals ``wanted``: flattened outputs carry no names to tell them by."""
    output = graph.output_node()
    answers = output.args[0]
    assert isinstance(answers, tuple)
    with torch.no_grad():
        values = fx.GraphModule(holder(tensors), graph)(x)
    gaps = [
        float((value.flatten(1) - wanted).abs().max()) if _classes(value) == _classes(wanted) else math.inf
        for value in values
    ]
    output.args = (answers[gaps.index(min(gaps))],)


def _classes(value: Tensor) -> tuple[int, ...]:
    """Shape without the trailing places of single pixels."""
    shape = tuple(value.shape)
    return shape[:2] if all(side == 1 for side in shape[2:]) else shape


def holder(tensors: Mapping[str, Tensor]) -> nn.Module:
    """A module from which a graph can read ``tensors`` by their dotted names."""
    root = nn.Module()
    for name, tensor in tensors.items():
        parent = root
        *path, leaf = name.split(".")
        for part in path:
            if part not in parent._modules:
                parent.add_module(part, nn.Module())
            parent = parent.get_submodule(part)
        parent.register_buffer(leaf, tensor)
    return root


@contextmanager
def _quiet() -> Iterator[None]:
    """TorchScript's deprecation notices and the exporter's chatter are ours to know, not the user's."""
    logger = logging.getLogger("torch")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)


def last_line(error: Exception) -> str:
    """What an exception says last, which with torch is the cause."""
    return (str(error).strip().splitlines() or [type(error).__name__])[-1].strip()[:200]
