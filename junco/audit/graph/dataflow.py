"""Whether a TorchScript program's course depends on the numbers in its input, told from its text alone.

One recorded run stands for a program only if every run makes the same calls. Recording refuses most conditions on
data, but not all: ``tolist`` reads memory behind its back.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import torch

from junco.audit.graph.nodes import nodes

# What they answer is known from shapes and types, whatever the numbers.
_ABOUT_FORM = frozenset(
    f"aten::{name}"
    for name in (
        *("size", "dim", "len", "numel", "stride", "sym_size", "ndimension", "is_floating_point", "is_complex"),
        *("__is__", "__isnot__", "zeros_like", "ones_like", "empty_like", "full_like", "rand_like", "randn_like"),
        *("new_zeros", "new_ones", "new_empty", "new_full", "is_contiguous", "get_device", "element_size"),
    )
) | frozenset(
    f"prim::{name}"
    for name in (
        *("dtype", "device", "layout", "is_cuda", "is_nested", "is_sparse", "is_quantized", "is_cpu", "is_meta"),
        *("requires_grad", "isinstance", "RaiseException"),
    )
)
_CONTROL = {"prim::If": "a branch", "prim::Loop": "a loop"}
_READS = {"prim::tolist": "a list", "aten::tolist": "a list"}


@dataclass
class _Flow:
    """Values that hold the input's numbers, and the constructs whose course they decide."""

    values: set[str] = field(default_factory=set)
    decided: list[str] = field(default_factory=list)

    def any(self, values: Iterator[torch._C.Value]) -> bool:
        return any(value.debugName() in self.values for value in values)

    def add(self, values: Iterator[torch._C.Value]) -> None:
        self.values.update(value.debugName() for value in values)


def decided_by_data(script: torch.jit.ScriptModule) -> str | None:
    """The first construct whose course follows the input's numbers, in words; None if there is none."""
    graph = _simplified(script)
    flow = _Flow({value.debugName() for value in list(graph.inputs())[1:]})
    _walk(graph, flow)
    return next(iter(flow.decided), None)


def branches(script: torch.jit.ScriptModule) -> bool:
    """Whether any branch, loop or list of numbers is left in the program, whatever decides its course."""
    return any(node.kind() in _CONTROL.keys() | _READS.keys() for node in nodes(_simplified(script)))


def _simplified(script: torch.jit.ScriptModule) -> torch._C.Graph:
    """The program without the branches that its own constants rule out."""
    graph = script.inlined_graph.copy()
    torch._C._jit_pass_constant_propagation(graph)
    torch._C._jit_pass_dce(graph)
    return graph


def _walk(block: torch._C.Graph | torch._C.Block, flow: _Flow) -> None:
    for node in block.nodes():
        kind = node.kind()
        if kind in _CONTROL:
            _enter(node, flow)
        elif kind not in _ABOUT_FORM and flow.any(node.inputs()):
            flow.add(node.outputs())
            if kind in _READS:
                flow.decided.append(f"{_READS[kind]} made from the input's numbers ({kind})")


def _enter(node: torch._C.Node, flow: _Flow) -> None:
    """Follow values into a branch or loop and out again; a loop hands its values on to its next round."""
    inputs, blocks = list(node.inputs()), list(node.blocks())
    rounds = 1
    if node.kind() == "prim::Loop":
        rounds = 1 + len(inputs)  # no value travels further
        _pass_on(inputs[2:], list(blocks[0].inputs())[1:], flow)
    for _ in range(rounds):
        for block in blocks:
            _walk(block, flow)
            given = list(block.outputs())
            if node.kind() == "prim::Loop":
                _pass_on(given[1:], list(block.inputs())[1:], flow)
                given = given[1:]
            _pass_on(given, list(node.outputs()), flow)
    conditions = inputs[:1] if node.kind() == "prim::If" else [*inputs[:2], next(iter(blocks[0].outputs()))]
    for condition in conditions:
        if condition.debugName() in flow.values:
            flow.decided.append(
                f"{_CONTROL[node.kind()]} that {condition.node().kind()} of the input's numbers decides"
            )
            flow.add(node.outputs())


def _pass_on(given: list[torch._C.Value], taken: list[torch._C.Value], flow: _Flow) -> None:
    flow.values.update(b.debugName() for a, b in zip(given, taken, strict=True) if a.debugName() in flow.values)
