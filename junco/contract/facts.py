"""What the catalogue says of a method, a control or a check, fact by fact: one wording for page, command and HTTP."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from junco.contract.catalogue import Control
from junco.contract.catalogue.records import REFERENCES
from junco.contract.resources import CatalogueCheck, CatalogueMethod


@dataclass(frozen=True)
class Parameter:
    """A parameter in words."""

    name: str
    allowed: str
    default: str
    meaning: str


def facts(card: CatalogueMethod | CatalogueCheck) -> dict[str, str]:
    """What is to be known beside name, title and summary, by what it is called; names from the code in backticks."""
    return dict(_of_check(card) if isinstance(card, CatalogueCheck) else _of_method(card))


def parameters(card: CatalogueMethod) -> tuple[Parameter, ...]:
    """The card's parameters in words, from their JSON Schema."""
    fields: Mapping[str, Any] = card.parameters.get("properties", {})  # type: ignore[assignment]  # JSON
    return tuple(
        Parameter(name, _allowed(field), _value(field.get("default")), field.get("description", ""))
        for name, field in fields.items()
    )


def _of_check(card: CatalogueCheck) -> Iterator[tuple[str, str]]:
    yield "Question", card.question
    yield "Part in a method's word", "none, unless it is the only check" if card.context else "yes"
    yield "Source", card.source


def _of_method(card: CatalogueMethod) -> Iterator[tuple[str, str]]:
    yield "Family", card.family.value
    yield "Formula", f"`{card.formula}`"
    yield "View", card.view.value
    yield "Repeats itself", "yes" if card.deterministic else "no, it has randomness of its own"
    yield "Cost per image", card.cost
    yield "Needs", _needs(card)
    if card.source != "control":
        yield "Source", card.source
    if card.blind_spots is not None:
        yield "Blind spots", card.blind_spots
    if card.expected is not None:
        yield "Expected under parameter_randomization", f"`{card.expected}`"
    if not isinstance(card.name, Control):
        yield from ((f"Judged on `{model}`", _judged(model, card)) for model in REFERENCES)


def _needs(card: CatalogueMethod) -> str:
    if card.gradients:
        return "a model that can be differentiated"
    return "nothing of the model" if isinstance(card.name, Control) else "the model's answers only"


def _judged(model: str, card: CatalogueMethod) -> str:
    """What a method's verdicts were on a reference model, or what keeps them from being measured."""
    checks = card.verdicts.get(model)
    if not checks:
        return f"not measured: passes for every map, {card.passes}"
    said = ", ".join(f"{check} {verdict.replace('_', ' ')}" for check, verdict in checks.items())
    given = card.judged_with.get(model)
    return f"{said} (with {given})" if given else said


def _allowed(field: Mapping[str, Any]) -> str:
    kinds = [kind for kind in field.get("anyOf", [field]) if kind.get("type") != "null"]
    return ", ".join(_kind(kind) for kind in kinds)


def _kind(field: Mapping[str, Any]) -> str:
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if field["type"] == "array":
        return f"list of {_kind(field['items'])}"
    bounds = [f"{words} {field[key]}" for key, words in _BOUNDS.items() if key in field]
    return " ".join([str(field["type"]), *bounds])


_BOUNDS = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to", "exclusiveMaximum": "below"}


def _value(value: object) -> str:
    return "none" if value is None else f"`{value}`"
