"""From ATen calls to nn modules with real parameters."""

import operator
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, fx, nn

from junco.audit.graph.lift import Lifted, holder
from junco.audit.graph.names import Names, kind_of
from junco.audit.graph.observe import observed
from junco.audit.graph.recognise import before_layers, layer_calls
from junco.audit.graph.registry import Layer
from junco.audit.graph.retrace import Key, place
from junco.audit.graph.tree import attach, free


@dataclass(frozen=True)
class Assembled:
    """Module over the canonical graph, and raw tensors that a function reads and no step may touch, with the reason.

    ``untrained`` names the file's buffers that layers use as weights.
    """

    module: fx.GraphModule
    left_out: Mapping[str, str]
    untrained: tuple[str, ...] = ()


@dataclass
class _Bench:
    """What is being put together: the growing module, its graph, and the parameters by where they lay in the file."""

    lifted: Lifted
    names: Names
    root: nn.Module = field(default_factory=nn.Module)
    graph: fx.Graph = field(default_factory=fx.Graph)
    copies: dict[fx.Node, fx.Node] = field(default_factory=dict)
    owned: dict[Key, nn.Parameter] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    left_out: dict[str, str] = field(default_factory=dict)
    untrained: list[str] = field(default_factory=list)

    def numbered(self, kind: str) -> str:
        """``kind`` with the number of times that it was asked for."""
        self.counts[kind] += 1
        return f"{kind}_{self.counts[kind]}"


def assemble(lifted: Lifted, x: Tensor, *, names: Names) -> Assembled:
    """``lifted`` with every layer call as a module of its own, in eval mode, nothing wanting gradients.

    The result shares no memory with the file's own tensors; tensors shared in the file are one parameter here.
    """
    bench = _Bench(lifted, names)
    values = observed(fx.GraphModule(holder(lifted.tensors), lifted.graph), x)
    calls = layer_calls(lifted, {node: seen.shape for node, seen in values.items()})
    early = before_layers(calls)
    for node in lifted.graph.nodes:
        if node in calls:
            bench.copies[node] = _place_layer(bench, calls[node])
        elif node.op == "get_attr":
            _place_raw(bench, node, calls=calls, early=node in early)
        elif node.target is operator.getitem and node.args[0] in calls:
            bench.copies[node] = bench.copies[node.args[0]]
        else:
            bench.copies[node] = bench.graph.node_copy(node, lambda old: bench.copies[old])
    module = fx.GraphModule(bench.root, bench.graph).eval().requires_grad_(False)
    return Assembled(module, bench.left_out, tuple(dict.fromkeys(bench.untrained)))


def _place_layer(bench: _Bench, layer: Layer) -> fx.Node:
    node = bench.copies[layer.source]
    for module in layer.modules:
        weights = layer.weights if module is layer.modules[0] else {}
        _load(bench, module, weights)
        name = _module_name(bench, module, weights)
        attach(bench.root, name, module)
        node = bench.graph.call_module(name, (node,))
    return node


def _module_name(bench: _Bench, module: nn.Module, weights: Mapping[str, str]) -> str:
    path, kind = bench.names.path(weights), kind_of(module)
    return free(bench.root, bench.numbered(kind) if path is None else path or kind)


def _load(bench: _Bench, module: nn.Module, weights: Mapping[str, str]) -> None:
    for own, stored in weights.items():
        if own in module._buffers:
            module._buffers[own] = bench.lifted.tensors[stored].detach().clone()
        else:
            module._parameters[own] = _parameter(bench, stored)
            bench.untrained += [stored] if bench.names.is_trained(stored) is False else []
    if "num_batches_tracked" in module._buffers:
        module._buffers["num_batches_tracked"] = torch.tensor(0)


def _parameter(bench: _Bench, stored: str) -> nn.Parameter:
    tensor = bench.lifted.tensors[stored]
    key = place(tensor)
    if key not in bench.owned:
        copy = tensor.detach().clone(memory_format=torch.contiguous_format)
        bench.owned[key] = nn.Parameter(copy, requires_grad=False)
    return bench.owned[key]


def _place_raw(bench: _Bench, node: fx.Node, *, calls: Mapping[fx.Node, Layer], early: bool) -> None:
    """Copy a tensor that functions read: a parameter of its own if it may have been trained."""
    if all(user in calls for user in node.users):
        return
    stored = str(node.target)
    tensor = bench.lifted.tensors[stored]
    reason = _untrained(tensor, trained=bench.names.is_trained(stored), early=early)
    name = free(bench.root, stored if bench.names.origins(stored) else bench.numbered("constant"))
    if reason is None:
        attach(bench.root, name, _parameter(bench, stored))
    else:
        attach(bench.root, name, tensor.detach().clone())
        if tensor.is_floating_point() and tensor.numel() > 1:
            bench.left_out[name] = reason
    bench.copies[node] = bench.graph.get_attr(name)


def _untrained(tensor: Tensor, *, trained: bool | None, early: bool) -> str | None:
    """Why a raw tensor is no parameter; None if it is one, or may be."""
    if not tensor.is_floating_point():
        return "not a floating-point tensor"
    if trained is not None:
        return None if trained else "a buffer of the file, not one of its parameters"
    if tensor.numel() == 1:
        return "a number in the program"
    return "a constant that the input meets before any layer" if early else None
