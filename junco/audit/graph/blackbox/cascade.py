"""The cascade's steps of a program that is only run: who reads which weights, in the order of execution."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from torch import Tensor

from junco.audit.graph.blackbox.parts import Weight
from junco.audit.model import Step


@dataclass(frozen=True)
class Reader:
    """An operation that reads weights: its kind and the weights.

    It is of the step before it if it ``follows``, as a norm does; of that of the weight that it ``joins``, if any.
    """

    kind: str
    weights: tuple[Weight, ...]
    follows: bool = False
    joins: str | None = None


@dataclass(frozen=True)
class Read:
    """A program's readers in the order of execution, running statistics by name, and what no step may touch, with why.

    ``missed`` are those of ``left_out`` that may have been trained.
    """

    readers: tuple[Reader, ...]
    statistics: Mapping[str, Tensor]
    left_out: Mapping[str, str]
    missed: Mapping[str, Tensor]

    @property
    def weights(self) -> tuple[Weight, ...]:
        """Every weight once, in the order of execution."""
        return tuple({w.name: w for reader in reversed(self.readers) for w in reversed(reader.weights)}.values())[::-1]


@dataclass
class _Group:
    kind: str
    weights: list[Weight] = field(default_factory=list)


def steps(readers: Iterable[Reader]) -> tuple[Step, ...]:
    """Steps in the order of ``readers``, input first; what shares a weight is one step, where it is first read."""
    groups: list[_Group] = []
    owners: dict[str, _Group] = {}
    for reader in readers:
        group = _home(reader, groups, owners)
        if group is None:
            group = _Group(reader.kind)
            groups.append(group)
        fresh = {weight.name: weight for weight in reader.weights if weight.name not in owners}
        owners |= dict.fromkeys(fresh, group)
        group.weights += fresh.values()
    return tuple(_step(group) for group in groups if group.weights)


def _home(reader: Reader, groups: list[_Group], owners: Mapping[str, _Group]) -> _Group | None:
    known = [weight.name for weight in reader.weights] + ([reader.joins] if reader.joins else [])
    shared = next((owners[name] for name in known if name in owners), None)
    return shared or (groups[-1] if reader.follows and groups else None)


def _step(group: _Group) -> Step:
    first = group.weights[0]
    count = sum(weight.tensor.numel() for weight in group.weights)
    names = tuple(weight.name for weight in group.weights)
    return Step(first.name.removesuffix(".weight"), group.kind, tuple(first.tensor.shape), names, (), count)
