"""TorchScript to a plain ATen graph, with a dynamic batch where the program allows one."""

import logging
import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch
from torch import Tensor, fx, nn

from junco.audit.graph.convert import converted
from junco.audit.graph.dataflow import branches, decided_by_data
from junco.audit.graph.probing import agree, unusual
from junco.audit.graph.retrace import retrace, retrace_any_batch
from junco.contract.errors import ModelNotJudgeable


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
    """What is lifted: a program, the choice of its class scores, and whether it takes batches of any size.

    One that is not ``steady`` draws random numbers, and cannot be held against its graph.
    """

    script: torch.jit.ScriptModule
    choose: Callable[[object], Tensor]
    any_batch: bool
    steady: bool = True
    weights: Mapping[str, Tensor] | None = None

    def tensors(self) -> Mapping[str, Tensor]:
        """The file's tensors by name: the program's own, or those that it had before it was frozen."""
        if self.weights is not None:
            return self.weights
        named = self.script.named_parameters(remove_duplicate=False), self.script.named_buffers(remove_duplicate=False)
        return dict(named[0]) | dict(named[1])

    def answer(self, x: Tensor) -> Tensor:
        """The class scores [n, ...] of ``x``, which the program gets as a copy that it may write into."""
        return self.choose(self.script(x.clone()))


def lift(source: Source, x: Tensor) -> Lifted:
    """The program as a graph that answers ``source.answer(x)``.

    Conversion is preferred to tracing, a free batch size to a fixed one; each attempt has to reproduce the program's
    answers. Raises ``ModelNotJudgeable`` if the program's course follows its input's numbers, or no attempt succeeds.
    """
    decided = decided_by_data(source.script)
    if decided is not None:
        raise _refused("a program that makes the same calls for every image", decided)
    failures: list[str] = []
    with _quiet():
        for attempt in _attempts(source):
            example = x[:1] if source.any_batch and not attempt.source.any_batch else x
            try:
                lifted = attempt.make(attempt.source, example)
                if not source.steady or _reproduces(lifted, attempt.source, example):
                    return replace(lifted, notes=tuple(_notes(attempt, source, failures)))
                failures.append(f"its {attempt.name} answers otherwise")
            except Exception as error:
                failures.append(f"its {attempt.name} failed: {last_line(error)}")
    raise _refused("a feed-forward program of standard operators", failures[-1])


@dataclass(frozen=True)
class _Attempt:
    """A way to a graph: its name in what is told to users, what makes the graph, and of which program."""

    name: str
    make: Callable[[Source, Tensor], Lifted]
    source: Source


def _attempts(source: Source) -> Iterator[_Attempt]:
    """Ways to a graph, best first; a way is only prepared when those before it have failed."""
    fixed = replace(source, any_batch=False)
    sources = [source, fixed] if source.any_batch else [fixed]
    for one in sources:
        yield _Attempt("conversion", _convert, one)
        yield _Attempt("recording", _trace, one)
    if branches(source.script):
        # Branches on stored tensors: with these as constants they are decided once and for all.
        frozen = torch.jit.freeze(source.script.eval(), optimize_numerics=False)
        for one in sources:
            yield _Attempt("recording", _trace, replace(one, script=frozen, weights=source.tensors()))


def _notes(attempt: _Attempt, source: Source, failures: list[str]) -> Iterator[str]:
    """What was lost on the way, in words."""
    if attempt.name == "recording":
        yield f"the program was traced on an example, because {failures[0]}"
    if attempt.source.any_batch != source.any_batch:
        yield "the program's free batch size was lost: it takes another course for other batch sizes"


def _refused(expected: str, found: str) -> ModelNotJudgeable:
    return ModelNotJudgeable(
        "the model runs, but could not be turned into a graph that can be explained",
        expected=expected,
        found=found,
        remedy="export it with torch.jit.trace if one course serves all images, and without custom operators",
    )


def _reproduces(lifted: Lifted, source: Source, x: Tensor) -> bool:
    """Whether graph and program agree on ``x``, on a batch of another size where any goes, and on unusual images."""
    module = fx.GraphModule(holder(lifted.tensors), lifted.graph)
    batches = [x, torch.cat([x, -x, 0.5 * x])] if source.any_batch else [x]
    if branches(source.script):
        batches += unusual(x[:1] if source.any_batch else x)
    return all(agree(module, source.answer, batch) for batch in batches)


def _convert(source: Source, x: Tensor) -> Lifted:
    graph, tensors = converted(source.script, x, any_batch=source.any_batch)
    _keep_output(graph, tensors, x=x, wanted=source.answer(x))
    return Lifted(graph, tensors, None if source.any_batch else len(x))


def _trace(source: Source, x: Tensor) -> Lifted:
    names = source.tensors()
    if not source.any_batch:
        return Lifted(*retrace(source.answer, x, names), batch=len(x))
    return Lifted(*retrace_any_batch(source.answer, x, names), batch=None)


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
    lines = [line.strip() for line in str(error).splitlines()]
    telling = [line for line in lines if line and not line.endswith("Error:")]
    return (telling or [type(error).__name__])[-1].partition(" INTERNAL ASSERT")[0][:200]
