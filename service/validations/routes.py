"""/v1/validations: list, look, cancel, delete, events."""

import re
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from junco.contract.base import Digest
from junco.contract.errors import NotFound
from junco.contract.job import Job, JobState
from junco.contract.resources import ValidationList
from service.access.guard import still_welcome
from service.answers import MAX_WAIT
from service.api import problems
from service.pages import PageDep
from service.shelf import ShelfDep
from service.validations.showing import answer_of, look, moved, newer, shown, tell

router = APIRouter(tags=["validations"])


@router.get("/v1/validations", response_model=ValidationList, responses=problems(422))
def list_validations(
    shelf: ShelfDep,
    page: PageDep,
    state: Annotated[JobState | None, Query()] = None,
    model: Annotated[Digest | None, Query(description="Those that need it, to judge it or beside another.")] = None,
) -> ValidationList:
    """Validations, newest first. A `page_size` over 200 is taken as 200; a `page_token` belongs to its filters."""
    filters = state or "", model or ""
    jobs, more = page.cut(
        shelf.records.jobs(state=state, model=model, after=page.after(*filters), size=page.sought), *filters
    )
    return ValidationList(validations=tuple(shown(job) for job in jobs), next_page_token=more)


@router.get(
    "/v1/validations/{job_id}",
    response_model=Job,
    responses={304: {"description": "Not changed."}, **problems(404, 422)},
)
async def get_validation(
    request: Request,
    shelf: ShelfDep,
    job_id: str,
    wait: Annotated[int, Query(ge=0, le=MAX_WAIT, description="Seconds to wait for another state.")] = 0,
) -> Response:
    """A validation: 200 while it exists, whatever its state. With `wait`, answers early when the state changes."""
    if wait:
        await moved(shelf, job_id, wait)
    return answer_of(request.headers, await look(shelf, job_id))


@router.post(
    "/v1/validations/{job_id}:cancel",
    status_code=202,
    response_model=Job,
    responses={200: {"model": Job, "description": "Canceled."}, **problems(404, 409)},
)
def cancel_validation(response: Response, shelf: ShelfDep, job_id: str) -> Job:
    """Ask a validation to stop; asking twice is no error."""
    job = shelf.records.cancel(job_id)
    tell(response, job)
    response.status_code = 200 if job.state is JobState.CANCELED else 202
    return shown(job)


@router.delete("/v1/validations/{job_id}", status_code=204, response_class=Response, responses=problems(404, 409))
def delete_validation(shelf: ShelfDep, job_id: str) -> Response:
    """Delete a finished validation and its files."""
    shelf.records.remove_job(job_id, shelf.blobs)
    return Response(status_code=204)


def _revision(last_event_id: str | None) -> int:
    """What the client has seen, by the id of the event; 0 for an id that is none of ours."""
    found = re.fullmatch(r"\d{1,18}", last_event_id or "", re.ASCII)
    return int(found[0]) if found else 0


def _known(shelf: ShelfDep, job_id: str) -> Job:
    # A dependency, so that an unknown id is a 404 before the stream begins.
    return shelf.records.job(job_id)


@router.get(
    "/v1/validations/{job_id}/events",
    response_class=EventSourceResponse,
    dependencies=[Depends(_known)],
    responses=problems(404, 422),
)
async def follow_validation(
    request: Request, shelf: ShelfDep, job_id: str, last_event_id: Annotated[str | None, Header()] = None
) -> AsyncIterator[ServerSentEvent]:
    """Every change as a server-sent event named after the state, with the revision as its id; ends with the job, or
    with the key."""
    seen = _revision(last_event_id)
    while True:
        try:
            job = await newer(shelf, job_id, seen)
        except NotFound:
            return  # deleted, which only what has ended can be
        if not await still_welcome(request):
            return
        if job.revision > seen or job.state.is_terminal:
            yield ServerSentEvent(data=shown(job).model_dump(mode="json"), event=job.state.value, id=str(job.revision))
        if job.state.is_terminal:
            return
        seen = max(seen, job.revision)
