"""What pydantic finds wrong with a request, as named errors: where, what was expected, what was found."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from operator import attrgetter
from typing import Any

from pydantic import ValidationError

from junco.contract.errors import BadInput, FieldProblem, Problem

_MOST_FIELDS = 50
"""Offending fields that are pointed at: a body may hold a hundred thousand."""

_MOST_SAID = 1000
"""Letters of a sentence."""

_MOST_LETTERS = 100
"""Of a value that is said back."""

_ALTERNATIVE = re.compile(r"float|int|str|bool|constrained-\w+|(literal|tuple|list|dict|union|function-\w+)\[.*")


def fields(errors: Iterable[Any], document: object = None) -> list[FieldProblem]:
    """Pydantic's errors as JSON pointers into the body, or into /query, /path and /header.

    ``document`` is the body as JSON has it: what a pointer passes through that is not there is pydantic's own.
    """
    found = [
        FieldProblem(pointer=_pointer(e["loc"], document), detail=_plain(e["msg"]), code=str(e["type"]).upper())
        for e in islice(errors, _MOST_FIELDS)
    ]
    # A list whose item is wrong is also "too short" to pydantic: only the innermost errors say what to mend.
    inner = [outer for outer in found if not any(f.pointer.startswith(outer.pointer + "/") for f in found)]
    return [_one(list(same)) for _, same in groupby(inner, attrgetter("pointer"))]


def invalid(error: ValidationError, kind: type[BadInput], what: str, document: object = None) -> BadInput:
    """A named error for data that does not fit its model; ``document`` is the data as JSON has it."""
    return mistaken(error.errors(include_url=False, include_context=False), kind, what, document=document)


def mistaken(errors: Sequence[Any], kind: type[BadInput], what: str, *, document: object = None) -> BadInput:
    """A named error that points at every field of pydantic's ``errors`` and tells what was given in the first."""
    found = fields(errors, document)
    first, where = found[0], found[0].pointer or "the body"
    given = next(e for e in errors if _pointer(e["loc"], document) == first.pointer)
    return kind(
        f"{what} is not valid: {where}: {first.detail}",
        expected=first.detail.replace("Input should be ", ""),
        found=_shown(given),
        remedy="See errors for each offending field." if len(found) > 1 else "Mend that field.",
        errors=found,
    )


def shortened(problem: Problem) -> Problem:
    """The problem with names of a caller's own, which may be of any length, elided in their middle."""
    told = {name: _elided(text) for name in ("detail", "found") if (text := getattr(problem, name)) is not None}
    return problem.model_copy(update=told)


def _elided(text: str) -> str:
    half = _MOST_SAID // 2
    return text if len(text) <= _MOST_SAID else f"{text[:half]}…{text[-half:]}"


def _one(same: list[FieldProblem]) -> FieldProblem:
    """Alternatives of which a value fits none are one problem."""
    return same[0].model_copy(update={"detail": "; or: ".join(dict.fromkeys(problem.detail for problem in same))})


def _plain(message: object) -> str:
    return str(message).removeprefix("Value error, ")


def _pointer(loc: Iterable[int | str], document: object) -> str:
    parts = [str(part).replace("~", "~0").replace("/", "~1") for part in _places(loc, document)]
    return "".join("/" + part for part in (parts[1:] if parts[:1] == ["body"] else parts))


def _places(loc: Iterable[int | str], document: object) -> Iterator[int | str]:
    here = document
    for part in loc:
        there = _within(here, part)
        if there is None and document is not None and _ALTERNATIVE.fullmatch(str(part)):
            continue  # which of several alternatives pydantic tried
        yield part
        here = there[0] if there else None


def _within(value: object, part: int | str) -> tuple[object] | None:
    """What lies in a JSON value under a name or place, wrapped, since it may be null; None if nothing does."""
    if isinstance(value, dict) and part in value:
        return (value[part],)
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return (value[part],)
    return None


def _shown(error: Any) -> str | None:
    """The offending value, as JSON and not at full length."""
    if error["type"] == "missing":
        return "nothing"
    if error["type"] == "json_invalid":
        return None
    text = json.dumps(error["input"], default=str)
    return text if len(text) <= _MOST_LETTERS else text[:_MOST_LETTERS] + "…"
