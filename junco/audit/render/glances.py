"""Parts of a check at a glance: methods down, parts across, each with a word and the one figure that it goes by."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from junco.audit.render.figures import NONE, Cell, Row, Table, cell, parts_of, shown
from junco.audit.render.meanings import MEANINGS
from junco.contract.catalogue import CheckName
from junco.contract.outcome import Outcome


@dataclass(frozen=True)
class _Glance:
    """A title, and the part's figure that counts: under its word, or beside another figure, if it has one."""

    title: str
    figure: str
    word: str | None = None
    beside: str | None = None


_GLANCES = {
    "evidence": _Glance("Sign by sign", "value", "level"),
    "panel": _Glance(
        "Usual methods and the witness: correlation on the same image | on others", "agreement", None, "floor"
    ),
    "rivals": _Glance("Class by class: kappa", "kappa", "decision"),
    "aims": _Glance("Attack by attack: share of the top k lost to it, less that lost to noise", "score", "decision"),
    "circumstances": _Glance("Asked again: correlation with itself", "rho", "decision"),
    "fills": _Glance("Fill by fill: gain over random order", "over_random"),
}
"""Parts of which each method has one of every kind; the kind is their first field."""


def glances(outcome: Outcome, name: CheckName) -> Iterator[Table]:
    """A table for each kind of part of which every method has one."""
    for field, found in parts_of(outcome, name):
        if field in _GLANCES:
            yield _glance(_GLANCES[field], found)


def _glance(glance: _Glance, found: Sequence[tuple[str, BaseModel]]) -> Table:
    kind = next(iter(type(found[0][1]).model_fields))
    kinds = list(dict.fromkeys(getattr(part, kind) for _, part in found))
    cells = {(label, getattr(part, kind)): _glimpse(glance, part) for label, part in found}
    labels = list(dict.fromkeys(label for label, _ in found))
    rows = [Row(label, tuple(cells.get((label, k), Cell(NONE)) for k in kinds)) for label in labels]
    if len(rows) > 1 and len({row.cells for row in rows}) == 1:
        rows = [Row("beside every method", rows[0].cells)]
    return Table(glance.title, "", tuple((cell(k).text, MEANINGS.get(k, "")) for k in kinds), tuple(rows))


def _glimpse(glance: _Glance, part: BaseModel) -> Cell:
    told = [shown(getattr(part, name)) for name in (glance.figure, glance.beside) if name]
    word = getattr(part, glance.word) if glance.word else None
    return Cell(" | ".join(told), word="" if word is None else word.value)
