"""From a problem that crossed a process or a wire back to the error that it was."""

from collections.abc import Iterator

from junco.contract.errors import Internal, JuncoError, Problem


def revive(problem: Problem) -> JuncoError:
    """The error that ``problem`` describes; ``Internal`` for a code that this version does not know."""
    kind = next((kind for kind in _family(JuncoError) if kind.code == problem.code), Internal)
    return kind(
        problem.detail,
        expected=problem.expected,
        found=problem.found,
        remedy=problem.remedy,
        stage=problem.stage,
        errors=problem.errors,
    )


def _family(kind: type[JuncoError]) -> Iterator[type[JuncoError]]:
    # Children first: Internal shares its code with the root.
    for child in kind.__subclasses__():
        yield from _family(child)
    yield kind
