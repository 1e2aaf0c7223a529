"""The form in which errors leave Junco."""

from pydantic import BaseModel, ConfigDict

DOCS = "https://junco.dev/problems/"


class FieldProblem(BaseModel):
    """One offending field of a request: where it is, what is wrong."""

    pointer: str
    detail: str
    code: str = "INVALID"


class Problem(BaseModel):
    """An RFC 9457 problem: the one form in which errors leave Junco, over HTTP and inside a job."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    code: str
    expected: str | None = None
    found: str | None = None
    remedy: str | None = None
    stage: str | None = None
    retryable: bool = False
    errors: list[FieldProblem] = []
    instance: str | None = None
