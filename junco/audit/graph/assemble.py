"""From ATen calls to nn modules with real parameters."""

import operator
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, fx, nn

from junco.audit.graph import activations, layers
from junco.audit.graph.lift import Lifted, holder
from junco.audit.graph.observe import observed
from junco.audit.graph.ops import arguments, op_name
from junco.audit.graph.registry import BUILDERS, Call, Layer
from junco.audit.graph.retrace import Key, place

# Importing them fills the registry.
_BUILDER_MODULES = (activations, layers)


@dataclass(frozen=True)
class Assembled:
    """Module over the canonical graph, and raw tensors that a function reads and no step may touch, with the reason.

    ``untrained`` names the file's buffers that layers use as weights.
    """

    module: fx.GraphModule
    left_out: Mapping[str, str]
    untrained: tuple[str, ...] = ()


@dataclass(frozen=True)
class Names:
    """The file's names for its tensors: whether each is a parameter (or else a buffer), and where it lies.

    ``trained`` is None where the file does not tell.
    """

    trained: Mapping[str, bool | None]
    places: Mapping[str, Key]

    def aliases(self, name: str) -> tuple[str, ...]:
        """All names of the tensor called ``name``."""
        return tuple(other for other, key in self.places.items() if key == self.places[name])


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


def assemble(lifted: Lifted, x: Tensor, *, names: Names) -> Assembled:
    """``lifted`` with every layer call as a module of its own, in eval mode, nothing wanting gradients.

    The result shares no memory with the file's own tensors; tensors shared in the file are one parameter here.
    """
    bench = _Bench(lifted, names)
    values = observed(fx.GraphModule(holder(lifted.tensors), lifted.graph), x)
    calls = _layer_calls(lifted, {node: seen.shape for node, seen in values.items()})
    early = _before_layers(calls)
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


def _layer_calls(lifted: Lifted, shapes: Mapping[fx.Node, tuple[int, ...]]) -> dict[fx.Node, Layer]:
    found: dict[fx.Node, Layer] = {}
    for node in lifted.graph.nodes:
        builder = BUILDERS.get(op_name(node))
        if builder is None or not _one_result(node):
            continue
        layer = builder(Call(node, arguments(node), lifted.tensors, shapes))
        if layer is not None:
            found[node] = layer
    return found


def _one_result(node: fx.Node) -> bool:
    """Whether the call gives one tensor, or several of which only the first is read."""
    assert isinstance(node.target, torch._ops.OpOverload)
    if len(node.target._schema.returns) == 1:
        return True
    return all(user.target is operator.getitem and user.args[1] == 0 for user in node.users)


def _before_layers(calls: Mapping[fx.Node, Layer]) -> set[fx.Node]:
    """Nodes from which the first weighted layer's input is computed."""
    first = next((layer for layer in calls.values() if layer.weights), None)
    if first is None:
        return set()
    found, waiting = set[fx.Node](), [first.source]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting.extend(node.all_input_nodes)
    return found


def _place_layer(bench: _Bench, layer: Layer) -> fx.Node:
    node = bench.copies[layer.source]
    for module in layer.modules:
        weights = layer.weights if module is layer.modules[0] else {}
        _load(bench, module, weights)
        name = _module_name(bench, module, weights)
        _attach(bench.root, name, module)
        node = bench.graph.call_module(name, (node,))
    return node


def _load(bench: _Bench, module: nn.Module, weights: Mapping[str, str]) -> None:
    for own, stored in weights.items():
        if own in module._buffers:
            module._buffers[own] = bench.lifted.tensors[stored].detach().clone()
        else:
            module._parameters[own] = _parameter(bench, stored)
            bench.untrained += [stored] if _is_trained(bench, stored) is False else []
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
    reason = _untrained(tensor, trained=_is_trained(bench, stored), early=early)
    name = stored if _origin(bench, stored) else f"constant_{_next(bench, 'constant')}"
    name = _free(bench.root, name)
    if reason is None:
        _attach(bench.root, name, _parameter(bench, stored))
    else:
        _attach(bench.root, name, tensor.detach().clone())
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


def _is_trained(bench: _Bench, stored: str) -> bool | None:
    origin = _origin(bench, stored)
    return bench.names.trained[origin] if origin else None


def _origin(bench: _Bench, stored: str) -> str | None:
    return next(iter(_origins(bench, stored)), None)


def _origins(bench: _Bench, stored: str) -> tuple[str, ...]:
    """The file's own names for a stored tensor, or for the one that it was computed from."""
    stem = stored.removesuffix("_t").rstrip("0123456789").removesuffix("_")
    for name in (stored, stored.removesuffix("_t"), stem):
        if name in bench.names.trained:
            return bench.names.aliases(name)
    return ()


def _module_name(bench: _Bench, module: nn.Module, weights: Mapping[str, str]) -> str:
    kind = _KIND_NAMES.get(type(module), type(module).__name__.lower())
    origins = [_origins(bench, weights[own]) for own in ("weight", "bias", "running_mean") if own in weights]
    if not any(origins):
        return _free(bench.root, f"{kind}_{_next(bench, kind)}")
    # A tensor that two layers share has two names; the one that all of this layer's tensors agree on is its own.
    paths = [[_path(name) for name in names] for names in origins if names]
    agreed = [path for path in paths[0] if all(path in others for others in paths[1:])]
    return _free(bench.root, (agreed or paths[0])[0] or kind)


_USUAL = ("weight", "bias", "running_mean", "weight_v", "weight_g", "weight_orig")


def _path(name: str) -> str:
    """The module that holds a tensor called ``name``, or the tensor's own name where it is not called as usual."""
    path, _, leaf = name.rpartition(".")
    return path if leaf in _USUAL else name


def _next(bench: _Bench, kind: str) -> int:
    bench.counts[kind] += 1
    return bench.counts[kind]


_KIND_NAMES: Mapping[type[nn.Module], str] = {
    nn.Conv1d: "conv",
    nn.Conv2d: "conv",
    nn.Conv3d: "conv",
    nn.BatchNorm1d: "batch_norm",
    nn.BatchNorm2d: "batch_norm",
    nn.BatchNorm3d: "batch_norm",
    nn.GroupNorm: "group_norm",
    nn.LayerNorm: "layer_norm",
    nn.MaxPool2d: "max_pool",
    nn.AvgPool2d: "avg_pool",
    nn.AdaptiveAvgPool2d: "adaptive_avg_pool",
    nn.ConvTranspose2d: "conv_transpose",
    nn.InstanceNorm2d: "instance_norm",
    nn.LeakyReLU: "leaky_relu",
}


def _free(root: nn.Module, name: str) -> str:
    """``name``, or the first of ``name_2``, ``name_3`` ... that nothing bears yet."""
    candidate, count = name, 1
    while _taken(root, candidate):
        count += 1
        candidate = f"{name}_{count}"
    return candidate


def _taken(root: nn.Module, name: str) -> bool:
    *path, leaf = name.split(".")
    parent = root
    for part in path:
        if part not in parent._modules:
            return hasattr(parent, part)
        parent = parent.get_submodule(part)
    return hasattr(parent, leaf)


def _attach(root: nn.Module, name: str, value: nn.Module | Tensor) -> None:
    parent = root
    *path, leaf = name.split(".")
    for part in path:
        if part not in parent._modules:
            parent.add_module(part, nn.Module())
        parent = parent.get_submodule(part)
    if isinstance(value, nn.Module):
        parent.add_module(leaf, value)
    elif isinstance(value, nn.Parameter):
        parent.register_parameter(leaf, value)
    else:
        parent.register_buffer(leaf, value)
