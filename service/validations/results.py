"""Results and their files: JSON, JUnit or HTML by Accept; artifacts with ranges."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Request, Response

from junco.contract.errors import Conflict, JobNotFinished, NotFound
from junco.contract.job import JobState
from junco.contract.junit import to_junit
from junco.contract.outcome import Outcome
from junco.contract.resources import ArtifactList
from junco.contract.revive import revive
from junco.storage import StoredFile
from junco.storage.lifecycle import OUTCOME
from service.answers import accepted, matches, one_range
from service.api import REFERENCE, binary, problems
from service.shelf import Shelf, ShelfDep
from service.validations.showing import headers_of, link_of

router = APIRouter(tags=["results"])

REPORT = "report.html"
JSON, HTML = "application/json", "text/html"
JUNIT = ("application/xml", "application/junit+xml")


@router.get(
    "/v1/validations/{job_id}/result",
    response_class=Response,
    responses={
        200: {
            "description": "The outcome.",
            "content": {
                JSON: {"schema": {"$ref": REFERENCE.format(model="Outcome")}},
                **{media_type: {"schema": {"type": "string"}} for media_type in (*JUNIT, HTML)},
            },
        },
        304: {"description": "Not changed."},
        **problems(404, 406, 409, 422, 503),
    },
)
def get_result(request: Request, shelf: ShelfDep, job_id: str) -> Response:
    """The outcome: application/json, application/xml (JUnit) or text/html by Accept. A validation that failed
    answers its own problem."""
    files = _files(shelf, job_id)
    wanted = accepted(request.headers, (JSON, *JUNIT, HTML))
    if wanted is None:
        raise HTTPException(406, f"A result comes as {JSON}, {', '.join(JUNIT)} or {HTML}.")
    file = _named(files, REPORT if wanted == HTML else OUTCOME)
    headers = {**headers_of(file), "ETag": f'"{file.digest}-{wanted}"', "Vary": "Accept"}
    if matches(request.headers, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    found = shelf.blobs.read(file.digest)
    if wanted in JUNIT:
        found = to_junit(Outcome.model_validate_json(found)).encode()
    return Response(found, media_type=wanted, headers=headers)


def _files(shelf: Shelf, job_id: str) -> tuple[StoredFile, ...]:
    job = shelf.records.job(job_id)
    if job.error is not None:
        raise revive(job.error)
    if not job.state.is_terminal:
        raise JobNotFinished(
            "There is no result yet.", expected="a finished validation", found=job.state, remedy="Ask again later."
        )
    if job.state is not JobState.SUCCEEDED:
        raise Conflict(f"The validation was {job.state}: it has no result.", expected="succeeded", found=job.state)
    return shelf.records.files(job_id)


def _named(files: tuple[StoredFile, ...], name: str) -> StoredFile:
    file = next((file for file in files if file.name == name), None)
    if file is None:
        raise NotFound(f"The result has no file {name[:200]!r}.", remedy="The artifacts list names those it has.")
    return file


@router.get("/v1/validations/{job_id}/artifacts", response_model=ArtifactList, responses=problems(404))
def list_artifacts(shelf: ShelfDep, job_id: str) -> ArtifactList:
    """The files of a result; none before there is one."""
    return ArtifactList(artifacts=tuple(link_of(job_id, file) for file in shelf.records.files(job_id)))


@router.get(
    "/v1/validations/{job_id}/artifacts/{name:path}",
    response_class=Response,
    responses={
        200: {"description": "The file.", "content": binary("*/*")},
        206: {"description": "The range asked for.", "content": binary("*/*")},
        304: {"description": "Not changed."},
        **problems(404, 416),
    },
)
def get_artifact(
    request: Request,
    shelf: ShelfDep,
    job_id: str,
    name: str,
    range_: Annotated[str | None, Header(alias="Range")] = None,
    if_range: Annotated[str | None, Header()] = None,
) -> Response:
    """One file of a result, whole or a single byte range. It never changes."""
    file = _named(shelf.records.files(job_id), name)
    headers = headers_of(file)
    if matches(request.headers, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    asked = _span(file, range_ if if_range in (None, headers["ETag"]) else None)
    found = shelf.blobs.read(file.digest)
    if asked is None:
        return _bytes(found, file, 200, headers)
    start, end = asked
    return _bytes(found[start:end], file, 206, {**headers, "Content-Range": f"bytes {start}-{end - 1}/{file.size}"})


def _bytes(found: bytes, file: StoredFile, status: int, headers: dict[str, str]) -> Response:
    # Not media_type=: Starlette would append a charset of its own.
    return Response(found, status_code=status, headers={**headers, "Content-Type": file.media_type})


def _span(file: StoredFile, header: str | None) -> tuple[int, int] | None:
    try:
        return one_range(header, file.size)
    except ValueError as error:
        status = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
        raise HTTPException(status, str(error), {"Content-Range": f"bytes */{file.size}"}) from error
