"""Which ONNX operators are known, each since which opset: one dict, one decorator."""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from torch import Tensor

from junco.contract.errors import ModelNotJudgeable

Result = Tensor | tuple[Tensor | None, ...]


@dataclass(frozen=True)
class Call:
    """A node to run: its operator, its attributes as Python values, how many results are read, the opset.

    ``made`` collects tensors that an operator makes for itself (interpolation weights), which nobody trained.
    """

    op: str
    attributes: Mapping[str, Any]
    results: int
    opset: int
    name: str = ""
    made: dict[str, Tensor] = field(default_factory=dict)

    def integer(self, name: str, default: int = 0) -> int:
        return int(self.attributes.get(name, default))

    def number(self, name: str, default: float) -> float:
        return float(self.attributes.get(name, default))

    def integers(self, name: str) -> list[int] | None:
        value = self.attributes.get(name)
        return None if value is None else [int(entry) for entry in value]

    def text(self, name: str, default: str) -> str:
        value = self.attributes.get(name, default)
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)

    def keep(self, tensor: Tensor, what: str) -> Tensor:
        """``tensor``, noted as made here: a constant, and no parameter of the model."""
        self.made[f"{self.name}.{what}"] = tensor
        return tensor

    def refused(self, found: str) -> ModelNotJudgeable:
        """The error for a use of the operator that the importer does not know."""
        return ModelNotJudgeable(
            f"the ONNX operator {self.op} is used in a way that cannot be differentiated here",
            expected=f"{self.op} as image classifiers use it",
            found=found,
            remedy="export the model with other operators, or as TorchScript",
        )


Operator = Callable[..., Result]

_operators: dict[str, dict[int, Operator]] = {}
OPERATORS: Mapping[str, Mapping[int, Operator]] = MappingProxyType(_operators)
"""Operator to its forms by the opset since which each holds. A form takes a call and the inputs, None where omitted."""

_shape_readers: set[str] = set()


def operator(*names: str, since: int = 1, reads_shape_only: bool = False) -> Callable[[Operator], Operator]:
    """Register a form of the operators ``names``; what reads only shapes gives constants."""

    def register(form: Operator) -> Operator:
        for name in names:
            _operators.setdefault(name, {})[since] = form
            if reads_shape_only:
                _shape_readers.add(name)
        return form

    return register


def reads_shape_only(name: str) -> bool:
    """Whether the operator's answer depends on its inputs' shapes alone."""
    return name in _shape_readers


def form(name: str, opset: int) -> Operator | None:
    """The form of the operator that holds in ``opset``; None if it is not known."""
    forms = OPERATORS.get(name, {})
    since = sorted(forms)
    place = bisect_right(since, opset)
    return forms[since[place - 1]] if place else None
