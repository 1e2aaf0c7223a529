"""The one table from a method's or control's name to its code."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

from torch import Tensor

from junco.audit.explain.backward import Wants
from junco.audit.explain.passes import Pass
from junco.audit.explain.rules.trace import Way
from junco.audit.model import Canonical
from junco.contract.catalogue import Control, Method, MethodParameters

P = TypeVar("P", bound=MethodParameters)
Name = Method | Control
Run = Callable[[Pass, P], Tensor]
FindWay = Callable[[Pass, P], Way | None]


def _never(_model: Canonical, _parameters: Any) -> str | None:
    return None


def _nothing(_model: Canonical, _parameters: Any) -> Wants:
    return Wants()


@dataclass(frozen=True)
class Entry:
    """A method's code, typed by its parameter model.

    ``refuses`` tells why its rule is undefined for a model, or None; it raises InvalidPlan for parameters that name
    what the model does not have. ``wants`` tells what it reads of the shared pass. ``sums_to`` gives what each map must
    sum to, [n], where the method promises a sum. ``way`` is how the method carries any signal back from the logits,
    for methods that go by such a rule; it answers None where the model has nodes that the rule is not known for.
    """

    run: Callable[[Pass, Any], Tensor]
    refuses: Callable[[Canonical, Any], str | None]
    wants: Callable[[Canonical, Any], Wants]
    sums_to: Callable[[Pass, Any], Tensor] | None = None
    way: Callable[[Pass, Any], Way | None] | None = None


_ENTRIES: dict[Name, Entry] = {}

REGISTRY: Mapping[Name, Entry] = MappingProxyType(_ENTRIES)
"""Every method and control that has code."""


def method(
    name: Name,
    *,
    refuses: Callable[[Canonical, P], str | None] = _never,
    wants: Callable[[Canonical, P], Wants] = _nothing,
    sums_to: Callable[[Pass, P], Tensor] | None = None,
    way: FindWay[P] | None = None,
) -> Callable[[Run[P]], Run[P]]:
    """Register the decorated function as the code of ``name``; raises ValueError when it has some already."""

    def register(run: Run[P]) -> Run[P]:
        if name in _ENTRIES:
            raise ValueError(f"{name} is registered already, by {_ENTRIES[name].run.__module__}")
        _ENTRIES[name] = Entry(run, refuses, wants, sums_to, way)
        return run

    return register
