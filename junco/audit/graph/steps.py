"""The cascade's steps: parametrised layers in the order in which data meets them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from torch import Tensor, fx, nn

from junco.audit.model import Canonical, Step

_NORMS = (
    nn.BatchNorm1d,
    nn.BatchNorm2d,
    nn.BatchNorm3d,
    nn.GroupNorm,
    nn.LayerNorm,
    nn.InstanceNorm2d,
    nn.PReLU,  # a slope for each channel belongs, as a norm's scale does, to the layer that it follows
)


@dataclass
class _Group:
    """The nodes of one step to be."""

    name: str
    kind: str
    shape: tuple[int, ...]
    tensors: dict[str, Tensor] = field(default_factory=dict)
    norms: list[str] = field(default_factory=list)


def steps(module: fx.GraphModule) -> tuple[Step, ...]:
    """Steps of ``module`` in execution order, input first.

    A norm's parameters belong to the layer whose output reaches it, the latest one if several do; a norm that no layer
    precedes and a raw parameter that a function reads are steps of their own; what shares a parameter is one step.
    """
    ledger = _Ledger(module, {id(tensor): name for name, tensor in module.named_parameters()})
    for node in module.graph.nodes:
        if node.op == "call_module":
            ledger.enter(node)
        elif node.op != "get_attr":
            # A raw parameter's step begins where it is read, which may be long after the graph fetches it.
            for source in node.all_input_nodes:
                ledger.enter(source)
    return tuple(_step(group) for group in ledger.found() if group.tensors or group.norms)


def coverage(canonical: Canonical) -> float:
    """Fraction, in 0..1, of the model's trained numbers that lie in steps; those of ``left_out`` count as missed."""
    parameters = dict(canonical.module.named_parameters())
    covered = sum(parameters[name].numel() for step in canonical.steps for name in step.tensors)
    buffers = dict(canonical.module.named_buffers())
    missed = sum(buffers[name].numel() for name in canonical.left_out if name in buffers)
    total = sum(tensor.numel() for tensor in parameters.values()) + missed
    return covered / total if total else 1.0


def uncovered(module: fx.GraphModule, found: Iterable[Step]) -> Mapping[str, str]:
    """Parameters of ``module`` in no step, with the reason."""
    covered = {name for step in found for name in step.tensors}
    return {name: "no layer reads it" for name, _ in module.named_parameters() if name not in covered}


@dataclass
class _Ledger:
    """Groups so far, by node and by the parameters that they own; ``names`` are the parameters' own, by identity."""

    module: fx.GraphModule
    names: Mapping[int, str]
    groups: dict[fx.Node, _Group] = field(default_factory=dict)
    owners: dict[int, _Group] = field(default_factory=dict)

    def enter(self, node: fx.Node) -> None:
        """Give the node's parameters and statistics to a group, old or new."""
        held = {} if node in self.groups else _held(self.module, node)
        statistics = node.op == "call_module" and _has_statistics(self.module.get_submodule(str(node.target)))
        if node in self.groups or not (held or statistics):
            return
        group = self.groups[node] = self._followed(node) or self._sharing(held) or _new_group(self.module, node, held)
        for tensor in held.values():
            if id(tensor) not in self.owners:
                self.owners[id(tensor)] = group
                group.tensors[self.names[id(tensor)]] = tensor
        if statistics:
            group.norms.append(str(node.target))

    def found(self) -> list[_Group]:
        """Every group once, in the order of their first nodes."""
        return list({id(group): group for group in self.groups.values()}.values())

    def _sharing(self, held: Mapping[str, Tensor]) -> _Group | None:
        return next((self.owners[id(tensor)] for tensor in held.values() if id(tensor) in self.owners), None)

    def _followed(self, node: fx.Node) -> _Group | None:
        """For a norm, the group of the latest layer whose output reaches it."""
        if node.op != "call_module" or not isinstance(self.module.get_submodule(str(node.target)), _NORMS):
            return None
        reached = self._first_reached(node)
        return self.groups[max(reached)] if reached else None

    def _first_reached(self, node: fx.Node) -> list[fx.Node]:
        """The layers met first on every way back from ``node``."""
        visited, found, waiting = set[fx.Node](), list[fx.Node](), list(node.all_input_nodes)
        while waiting:
            source = waiting.pop()
            if source in visited:
                continue
            visited.add(source)
            if source.op == "call_module" and source in self.groups:
                found.append(source)
            else:
                waiting.extend(source.all_input_nodes)
        return found


def _held(module: fx.GraphModule, node: fx.Node) -> dict[str, Tensor]:
    """Parameters that a node reads, by name."""
    name = str(node.target)
    if node.op == "call_module":
        return {f"{name}.{own}": parameter for own, parameter in module.get_submodule(name).named_parameters()}
    if node.op == "get_attr":
        path, _, leaf = name.rpartition(".")
        value = getattr(module.get_submodule(path), leaf)
        return {name: value} if isinstance(value, nn.Parameter) else {}
    return {}


def _has_statistics(layer: nn.Module) -> bool:
    return getattr(layer, "running_mean", None) is not None


def _new_group(module: fx.GraphModule, node: fx.Node, held: Mapping[str, Tensor]) -> _Group:
    kind = "Parameter" if node.op == "get_attr" else type(module.get_submodule(str(node.target))).__name__
    return _Group(str(node.target), kind, next((tuple(tensor.shape) for tensor in held.values()), ()))


def _step(group: _Group) -> Step:
    count = sum(tensor.numel() for tensor in group.tensors.values())
    return Step(group.name, group.kind, group.shape, tuple(group.tensors), tuple(group.norms), count)
