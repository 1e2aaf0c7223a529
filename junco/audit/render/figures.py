"""Statistics as tables: a check's figures, one row each, and its parts, one row each of every method."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel

from junco.contract.catalogue import CheckName, Level, Method, Verdict
from junco.contract.outcome import CheckOutcome, MethodOutcome, Outcome
from junco.contract.statistics import Interval, RandomizationStatistics


@dataclass(frozen=True)
class Cell:
    """A figure; ``word`` where it is a verdict or a level, which have colours."""

    text: str
    word: str = ""


@dataclass(frozen=True)
class Row:
    """A row's name, what that means, and its cells."""

    name: str
    cells: tuple[Cell, ...]
    meaning: str = ""


@dataclass(frozen=True)
class Table:
    """Rows under ``columns`` (names and what they mean); ``about`` says in a sentence what it shows."""

    title: str
    about: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]


NONE = "-"
_OWN = ("check",)
"""Fields of statistics that are no figures."""


def check_of(method: MethodOutcome, name: str) -> CheckOutcome | None:
    """The method's outcome under a check, if it ran under it."""
    return next((c for c in method.checks if c.check == name), None)


def figures(outcome: Outcome, name: CheckName) -> Table | None:
    """Single figures of a check, methods across; None for parameter_randomization, which has a table of its own."""
    known = _known(outcome, name)
    if not known:
        return None
    fields = type(known[0][1]).model_fields
    rows = [
        Row(_spaced(field), tuple(cell(getattr(stats, field)) for _, stats in known), fields[field].description or "")
        for field in fields
        if field not in _OWN and any(_single(getattr(stats, field)) for _, stats in known)
    ]
    return Table("Figures", "", tuple((label, "") for label, _ in known), tuple(rows))


def parts(outcome: Outcome, name: CheckName) -> Iterator[Table]:
    """What a check's statistics have in parts: signs, rival classes, attacks, circumstances, fills."""
    for field, found in parts_of(outcome, name):
        yield _table(field, found)


def parts_of(outcome: Outcome, name: CheckName) -> Iterator[tuple[str, list[tuple[str, BaseModel]]]]:
    """Fields of a check's statistics that hold parts: their names, and the parts with the methods' labels."""
    known = _known(outcome, name)
    for field in type(known[0][1]).model_fields if known else ():
        found = [(label, part) for label, stats in known for part in _models(getattr(stats, field))]
        if found:
            yield field, found


def _known(outcome: Outcome, name: CheckName) -> list[tuple[str, BaseModel]]:
    """Methods with their statistics under a check, but for parameter_randomization."""
    found = [(method.label, check_of(method, name)) for method in outcome.methods or outcome.controls]
    stats = [(label, check.statistics) for label, check in found if check is not None and check.statistics is not None]
    return [(label, one) for label, one in stats if not isinstance(one, RandomizationStatistics)]


def _table(field: str, found: Sequence[tuple[str, BaseModel]]) -> Table:
    kind = type(found[0][1])
    told = [name for name in kind.model_fields if any(getattr(part, name) not in (None, ()) for _, part in found)]
    rows = tuple(Row(label, tuple(cell(getattr(part, name)) for name in told)) for label, part in found)
    columns = tuple((_spaced(name), kind.model_fields[name].description or "") for name in told)
    return Table(_spaced(field).capitalize(), " ".join((kind.__doc__ or "").split()), columns, rows)


def _models(value: object) -> list[BaseModel]:
    return [part for part in value if isinstance(part, BaseModel)] if isinstance(value, tuple) else []


def _single(value: object) -> bool:
    return isinstance(value, str | int | float | Interval) and value != ""


def cell(value: object) -> Cell:
    """A value of a statistic as it is shown."""
    if isinstance(value, Verdict | Level):
        return Cell(_spaced(value.value), word=value.value)
    if isinstance(value, StrEnum):
        return Cell(value.value if isinstance(value, Method) else _spaced(value.value))
    return Cell(shown(value))


def shown(value: object) -> str:
    """A value in letters; a dash where there is none."""
    if isinstance(value, Interval):
        bounds = f" [{number(value.lower)}, {number(value.upper)}]" if value.lower is not None else ""
        return number(value.mean) + bounds
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(shown(one) for one in value if not isinstance(one, BaseModel)) or NONE
    if value is None or value == "":
        return NONE
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def number(value: float | None, digits: int = 2) -> str:
    """A figure, or a dash."""
    if value is None:
        return NONE
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def _spaced(name: str) -> str:
    return name.replace("_", " ")
