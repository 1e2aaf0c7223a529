"""Which ATen calls become which nn modules: one dict, one decorator."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from torch import Tensor, fx, nn


@dataclass(frozen=True)
class Layer:
    """Modules to put, one after the other, in place of a call, and what the call reads.

    ``weights`` maps the first module's own tensor names to stored tensors: parameters or running statistics.
    """

    source: fx.Node
    modules: tuple[nn.Module, ...]
    weights: Mapping[str, str]


@dataclass(frozen=True)
class Call:
    """An ATen call to translate: its node, its arguments by name, the stored tensors, every node's output shape."""

    node: fx.Node
    given: Mapping[str, Any]
    tensors: Mapping[str, Tensor]
    shapes: Mapping[fx.Node, tuple[int, ...]]

    def stored(self, name: str) -> str | None:
        """Name of the stored tensor that the argument reads; None if it reads anything else."""
        value = self.given.get(name)
        return str(value.target) if isinstance(value, fx.Node) and value.op == "get_attr" else None

    def weights(self, *names: str) -> dict[str, str] | None:
        """The named arguments that are given, as stored tensors; None if one of them is computed."""
        found: dict[str, str] = {}
        for name in names:
            stored = self.stored(name)
            if stored is not None:
                found[name] = stored
            elif self.given.get(name) is not None:
                return None
        return found

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of the stored tensor that the argument reads."""
        return tuple(self.tensors[self.stored(name) or ""].shape)

    def dimensions(self, name: str) -> int:
        """Number of dimensions of the tensor that the argument hands in."""
        return len(self.shapes[self.given[name]])


Builder = Callable[[Call], Layer | None]

_builders: dict[str, Builder] = {}
BUILDERS: Mapping[str, Builder] = MappingProxyType(_builders)
"""Operator name (``aten::relu``) to what makes a module of a call, or None where the call has no module form."""


def builds(*names: str) -> Callable[[Builder], Builder]:
    """Register a builder for the ATen operators ``names``."""

    def register(builder: Builder) -> Builder:
        for name in names:
            _builders[f"aten::{name}"] = builder
        return builder

    return register
