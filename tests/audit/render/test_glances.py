"""Parts of checks at a glance."""

from enum import StrEnum
from typing import get_args

import pytest

from junco.audit.render.glances import glances
from junco.audit.render.meanings import MEANINGS
from junco.contract.catalogue import Aim, CheckName, Circumstance, Fill, Rival, Sign, Verdict
from junco.contract.outcome import Outcome
from junco.contract.statistics import Interval, RepeatabilityStatistics, RepeatStatistics, Statistics
from tests.audit.render.test_report import check, method, outcome

KINDS = (Sign, Rival, Aim, Circumstance, Fill)


@pytest.mark.parametrize("kind", KINDS)
def test_every_part_has_a_meaning(kind: type[StrEnum]) -> None:
    """Readers of a report do not know the words of the code."""
    assert all(MEANINGS[member] for member in kind)


def repeated(**rho: float) -> RepeatabilityStatistics:
    """A method that was asked again under some circumstances."""
    parts = tuple(
        RepeatStatistics(
            circumstance=Circumstance(name), rho=Interval(mean=value), difference=0.0, decision=Verdict.PASS
        )
        for name, value in rho.items()
    )
    one = Interval(mean=1.0)
    return RepeatabilityStatistics(
        images=4, draws=1, undefined=0.0, ceiling=one, order=one, threads=one, circumstances=parts
    )


def asked(**stats: Statistics) -> Outcome:
    """Methods under repeatability."""
    name = CheckName.REPEATABILITY
    return outcome(
        Verdict.PASS, *(method(m, Verdict.PASS, check(name, Verdict.PASS, statistics=s)) for m, s in stats.items())
    )


def test_methods_stand_down_and_parts_across() -> None:
    """A part that a method lacks is a dash."""
    (table,) = glances(asked(a=repeated(seed=0.5, order=1.0), b=repeated(order=0.25)), CheckName.REPEATABILITY)
    assert table.columns == (("seed", "with another seed"), ("order", "in another order and batch size"))
    cells = {row.name: [(cell.word, cell.text) for cell in row.cells] for row in table.rows}
    assert cells == {"a": [("pass", "0.50"), ("pass", "1.00")], "b": [("", "-"), ("pass", "0.25")]}


def test_what_is_the_same_for_all_methods_is_said_once() -> None:
    """As the panel of usual methods is."""
    (table,) = glances(asked(a=repeated(seed=1.0), b=repeated(seed=1.0)), CheckName.REPEATABILITY)
    assert [row.name for row in table.rows] == ["beside every method"]


def test_a_check_without_parts_has_no_glance() -> None:
    """Nor has one that no method ran under."""
    assert list(glances(asked(a=repeated()), CheckName.REPEATABILITY)) == []
    assert list(glances(asked(), CheckName.FRAGILITY)) == []


def test_every_kind_of_part_is_shown_at_a_glance() -> None:
    """Whatever a check's statistics hold one of each kind of; a new check is not forgotten."""
    from junco.audit.render.glances import _GLANCES

    fields = {
        (name, get_args(field.annotation)[0])
        for one in get_args(get_args(Statistics)[0])
        for name, field in one.model_fields.items()
        if get_args(field.annotation)[1:] == (...,) and hasattr(get_args(field.annotation)[0], "model_fields")
    }
    kinds = {name: next(iter(part.model_fields.values())).annotation for name, part in fields}
    several = {name for name, kind in kinds.items() if isinstance(kind, type) and issubclass(kind, StrEnum)}
    assert several - {"depths", "policies"} == set(_GLANCES)
    for name, part in fields:
        if name in _GLANCES:
            glance = _GLANCES[name]
            assert {glance.figure, glance.word or glance.figure, glance.beside or glance.figure} <= set(
                part.model_fields
            )
