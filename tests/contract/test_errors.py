"""The tree of errors: codes, statuses, and the one form in which they travel."""

from collections.abc import Iterator

import pytest

from junco.contract import errors
from junco.contract.errors import BadInput, Conflict, FieldProblem, InvalidPlan, JuncoError, Problem, RunFailed
from junco.contract.revive import revive


def family(kind: type[JuncoError] = JuncoError) -> Iterator[type[JuncoError]]:
    """Every error."""
    yield kind
    for child in kind.__subclasses__():
        yield from family(child)


def _ours(kind: type[JuncoError]) -> bool:
    return kind.__module__.startswith(errors.__name__)


def test_every_error_stands_in_the_modules_drawing() -> None:
    """The tree at the head of the package names each class."""
    assert errors.__doc__ is not None
    drawn = {word for line in errors.__doc__.splitlines() for word in line.split()}
    assert {kind.__name__ for kind in family() if _ours(kind)} <= drawn


def test_every_error_is_had_from_the_package() -> None:
    """Whichever of its modules holds it."""
    assert {kind for kind in family() if _ours(kind)} == {
        found for found in vars(errors).values() if isinstance(found, type) and issubclass(found, JuncoError)
    }


def test_codes_tell_the_leaves_apart() -> None:
    """No two leaves share a code, and every error has a title of its own."""
    leaves = [kind for kind in family() if not kind.__subclasses__() and _ours(kind)]
    assert len({kind.code for kind in leaves}) == len(leaves) > 15
    assert len({kind.title for kind in leaves}) == len(leaves)


@pytest.mark.parametrize("kind", list(family()))
def test_statuses_follow_whose_fault_it_is(kind: type[JuncoError]) -> None:
    """What the caller can mend is 4xx and never retryable; a failed run is 5xx."""
    if issubclass(kind, BadInput | Conflict):
        assert 400 <= kind.status < 500
        assert not kind.retryable
    if issubclass(kind, RunFailed):
        assert kind.status >= 500


@pytest.mark.parametrize("kind", [k for k in family() if not k.__subclasses__()])
def test_a_problem_carries_everything_and_comes_back(kind: type[JuncoError]) -> None:
    """Through JSON and back to the error that it was."""
    error = kind(
        "It went wrong.",
        expected="a",
        found="b",
        remedy="c",
        stage="d",
        errors=[FieldProblem(pointer="/x", detail="y")],
    )
    told = Problem.model_validate_json(error.problem().model_dump_json())
    assert (told.title, told.status, told.code, told.retryable) == (kind.title, kind.status, kind.code, kind.retryable)
    again = revive(told)
    assert type(again) is kind
    assert again.problem() == error.problem()
    assert str(again) == "It went wrong."


def test_an_unknown_code_is_an_internal_error() -> None:
    """A newer server's problem does not break an older client."""
    told = InvalidPlan("x").problem().model_copy(update={"code": "FROM_THE_FUTURE"})
    assert type(revive(told)) is errors.Internal
