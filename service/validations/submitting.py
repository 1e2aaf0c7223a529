"""POST /v1/validations: a plan about uploads, or one request with everything in it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Header, HTTPException, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from junco.contract.base import Digest
from junco.contract.errors import Conflict, JuncoError
from junco.contract.job import Job
from junco.contract.looks import Look
from junco.contract.names import display_name
from junco.contract.request import PlanRequest
from junco.contract.resources import PlanPreview
from junco.contract.sharding import shards, total_cost
from junco.storage import Upload
from junco.storage.submissions import Once
from service.access.flights import idempotency_key as keyed
from service.access.room import room
from service.answers import MAX_WAIT, preferred_wait
from service.api import REFERENCE, problems
from service.images.routes import keep_images
from service.models.routes import Shape, parse_shape
from service.models.sniff import sniffed
from service.shelf import Shelf, ShelfDep
from service.uploads import body, file_chunks, form, keep, media_type, one_file, text_field
from service.validations.reading import parse_plan, parse_plan_without_ids, with_ids
from service.validations.showing import applied, finished, path_of, shown, tell

router = APIRouter(tags=["validations"])

_FILES: dict[str, Any] = {
    "type": "object",
    "properties": {
        "plan": {"type": "string", "description": "A PlanRequest as JSON, without model and images."},
        "model": {"type": "string", "format": "binary"},
        "images": {"type": "array", "items": {"type": "string", "format": "binary"}, "minItems": 1},
        "labels": {"type": "string", "description": "JSON list of class numbers, one an image."},
    },
    "required": ["model", "images"],
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": REFERENCE.format(model="PlanRequest")}},
            "multipart/form-data": {
                "schema": _FILES,
                "encoding": {name: {"contentType": "application/octet-stream"} for name in ("model", "images")},
            },
        },
    }
}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": Job | PlanPreview, "description": "Finished within the wait; or, with validate_only, the plan."},
    **problems(400, 404, 409, 413, 415, 422, 503, 507),
}


@router.post(
    "/v1/validations", status_code=202, response_model=Job | PlanPreview, responses=_ANSWERS, openapi_extra=_BODY
)
async def submit_validation(
    request: Request,
    response: Response,
    shelf: ShelfDep,
    validate_only: Annotated[bool, Query(description="Answer the resolved plan and its cost; store nothing.")] = False,
    wait: Annotated[int | None, Query(ge=0, le=MAX_WAIT, description="Seconds to wait for the end.")] = None,
    input_shape: Shape = None,
    force: Annotated[bool, Query(description="Compute anew, even if an equal validation has succeeded.")] = False,
    idempotency_key: Annotated[
        str | None, Header(description="Names the request: sent again, it is done once.")
    ] = None,
) -> Job | PlanPreview:
    """Submit a validation: JSON about uploads, or one form with `model`, `images` and `plan`. An equal one that has
    succeeded answers at once."""
    if validate_only:
        response.status_code = 200
        return await run_in_threadpool(_preview, shelf, await _json_plan(request, shelf))
    await run_in_threadpool(shelf.records.require_turn)
    key = keyed(idempotency_key)
    with shelf.flights.once(shelf.records.tenant, key):
        async with _asked(request, shelf, parse_shape(input_shape)) as plan:
            job, replayed = await run_in_threadpool(shelf.records.submit_once, plan, Once(key, reuse=not force))
    if replayed:
        response.headers["Idempotent-Replayed"] = "true"
    shelf.count("replayed" if replayed else "submitted")
    await run_in_threadpool(shelf.ring)
    patience = preferred_wait(request.headers) if wait is None else wait
    job = await finished(shelf, job.id, patience or 0)
    tell(response, job)
    response.headers.update({"Location": path_of(job.id), **applied(request.headers, patience)})
    response.status_code = 200 if job.state.is_terminal else 202
    return shown(job)


async def _json_plan(request: Request, shelf: Shelf) -> PlanRequest:
    if media_type(request) not in ("application/json", ""):
        raise HTTPException(415, f"This takes application/json, not {media_type(request)[:100]}.")
    return parse_plan(await body(request, shelf.settings.max_plan_bytes))


def _preview(shelf: Shelf, request: PlanRequest) -> PlanPreview:
    plan = shelf.records.preview(request)
    if plan is None:
        raise Conflict(
            "The model's inspection has not ended, so its plan cannot be resolved.",
            expected="an inspected model",
            found="an inspection under way",
            remedy="Wait for GET /v1/models/{id}?wait=60, then ask again.",
        )
    again = shelf.records.preview(request.model_copy(update={"look": Look.SECOND})) if plan.look is Look.FIRST else None
    return PlanPreview(
        plan=plan, shards=len(shards(plan)), cost=total_cost(plan), second_look=total_cost(again) if again else None
    )


@dataclass
class _Added:
    """What a request has added to the tenant's uploads so far."""

    images: Digest | None = None
    model: Digest | None = None


@asynccontextmanager
async def _asked(request: Request, shelf: Shelf, shape: tuple[int, int, int] | None) -> AsyncIterator[PlanRequest]:
    """What is asked for. If it is refused, what came with it and was not there before is taken back."""
    if media_type(request) != "multipart/form-data":
        yield await _json_plan(request, shelf)
        return
    added = _Added()
    try:
        yield await _everything(request, shelf, shape, added)
    except JuncoError:
        take_back = shelf.records.take_back
        await run_in_threadpool(take_back, shelf.blobs, images=added.images, model=added.model)
        raise


async def _everything(request: Request, shelf: Shelf, shape: tuple[int, int, int] | None, added: _Added) -> PlanRequest:
    limits = shelf.settings
    total = limits.max_model_bytes + limits.max_images_bytes + limits.max_plan_bytes
    async with room(request, shelf, total) as left, form(request, left, limits.max_images + 1) as found:
        # The plan first, then the images, then the model: little is stored for a request that is refused.
        plan = parse_plan_without_ids(text_field(found, "plan"))
        file = one_file(found, "model", limits.max_model_bytes)
        async for _ in sniffed(file_chunks(file)):
            break
        await file.seek(0)
        images, new = await run_in_threadpool(keep_images, found, "images", shelf)
        added.images = images.id if new else None
        digest, size = await keep(sniffed(file_chunks(file)), shelf.blobs)
        upload = Upload(digest, size, display_name(file.filename, "model"), shape, plan.output)
        _, new = await run_in_threadpool(shelf.records.add_model, upload, shelf.blobs)
        added.model = digest if new else None
        return with_ids(plan, digest, images.id)
