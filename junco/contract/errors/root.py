"""The root of the tree."""

from typing import Any, ClassVar

from junco.contract.errors.problem import DOCS, FieldProblem, Problem


class JuncoError(Exception):
    """Root of the tree; carries what was expected, what was found and what to do."""

    code: ClassVar[str] = "INTERNAL"
    title: ClassVar[str] = "Something in Junco went wrong"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        detail: str,
        *,
        expected: str | None = None,
        found: str | None = None,
        remedy: str | None = None,
        stage: str | None = None,
        errors: list[FieldProblem] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.expected = expected
        self.found = found
        self.remedy = remedy
        self.stage = stage
        self.errors = errors or []

    def problem(self, **extra: Any) -> Problem:
        """The same facts as data, fit to cross a process or a wire."""
        return Problem(
            type=DOCS + self.code.lower().replace("_", "-"),
            title=self.title,
            status=self.status,
            detail=self.detail,
            code=self.code,
            expected=self.expected,
            found=self.found,
            remedy=self.remedy,
            stage=self.stage,
            retryable=self.retryable,
            errors=self.errors,
            **extra,
        )
