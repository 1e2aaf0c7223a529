"""/v1/models: raw bytes in, streamed once while hashing; inspection follows."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from junco.contract.base import Digest
from junco.contract.errors import ModelFormatUnsupported, NotFound
from junco.contract.job import InspectionState
from junco.contract.names import display_name
from junco.contract.resources import ModelList, ModelResource
from junco.contract.revive import revive
from junco.storage import Upload
from service.access.room import room
from service.answers import MAX_WAIT, matches, wait_until
from service.api import binary, problems
from service.models.sniff import sniffed
from service.pages import PageDep, bad_token
from service.shelf import Shelf, ShelfDep
from service.uploads import counted, file_chunks, form, keep, media_type, one_file

router = APIRouter(tags=["models"])

Shape = Annotated[
    str | None,
    Query(
        pattern=r"^[1-9][0-9]{0,3}x[1-9][0-9]{0,4}x[1-9][0-9]{0,4}$",
        description="Channels x height x width, where the file does not say: 3x224x224.",
    ),
]
Wait = Annotated[int, Query(ge=0, le=MAX_WAIT, description="Seconds to wait for inspection.")]
ModelId = Digest
_SETTLED = (InspectionState.DONE, InspectionState.REJECTED)
_RAW = ("application/octet-stream", "application/zip", "")
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            **binary("application/octet-stream"),
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "string", "format": "binary"}},
                    "required": ["file"],
                }
            },
        },
    }
}


def shown(model: ModelResource) -> ModelResource:
    """The model with its links."""
    return model.model_copy(
        update={"links": {"self": path_of(model.id), "validations": f"/v1/validations?model={model.id}"}}
    )


def path_of(model: str) -> str:
    """Where a model is found."""
    return f"/v1/models/{model}"


def etag_of(model: ModelResource) -> str:
    """Moves with every visible change."""
    return f'"{model.revision}-{model.update_time.timestamp()}"'


def parse_shape(text: str | None) -> tuple[int, int, int] | None:
    """Channels, height and width from ``3x224x224``."""
    if text is None:
        return None
    channels, height, width = (int(part) for part in text.split("x"))
    return channels, height, width


@router.post(
    "/v1/models",
    status_code=201,
    response_model=ModelResource,
    responses={
        200: {"model": ModelResource, "description": "Known already."},
        **problems(400, 409, 413, 415, 422, 503, 507),
    },
    openapi_extra=_BODY,
)
async def upload_model(
    request: Request,
    response: Response,
    shelf: ShelfDep,
    name: Annotated[str | None, Query(max_length=255)] = None,
    input_shape: Shape = None,
    output: Annotated[str | None, Query(max_length=255)] = None,
    wait: Wait = 0,
) -> ModelResource:
    """Upload a model; the id is the digest of its bytes. With `wait`, a model that inspection refuses is an error,
    and nothing of it stays."""
    async with room(request, shelf, shelf.settings.max_model_bytes + (1 << 20)) as left:
        digest, size, given = await _receive(request, shelf, left)
    upload = Upload(
        digest, size, display_name(name or given, "model"), parse_shape(input_shape), display_output(output)
    )
    model, new = await run_in_threadpool(shelf.records.add_model, upload, shelf.blobs)
    await run_in_threadpool(shelf.ring)
    if wait:
        model = await inspected(shelf, model.id, wait)
        if model.problem is not None:
            await run_in_threadpool(shelf.records.remove_model, model.id, shelf.blobs, only_rejected=True)
            raise revive(model.problem)
    response.status_code = 201 if new else 200
    response.headers["Location"] = path_of(model.id)
    response.headers["ETag"] = etag_of(model)
    return shown(model)


async def _receive(request: Request, shelf: Shelf, left: int) -> tuple[str, int, str | None]:
    limit = min(left, shelf.settings.max_model_bytes)
    if media_type(request) == "multipart/form-data":
        async with form(request, limit + (1 << 20)) as found:
            file = one_file(found, "file", limit)
            return *await keep(sniffed(file_chunks(file)), shelf.blobs), file.filename
    if media_type(request) not in _RAW:
        raise ModelFormatUnsupported(
            "The body's media type is not one that models are taken in.",
            expected="application/octet-stream with the file's bytes, or multipart/form-data with a field 'file'",
            found=media_type(request)[:100],
        )
    return *await keep(sniffed(counted(request, limit)), shelf.blobs), None


def display_output(output: str | None) -> str | None:
    """An output's name as given, without control characters; None if nothing is left."""
    return display_name(output, "") or None


async def inspected(shelf: Shelf, model: str, seconds: float) -> ModelResource:
    """The model once inspection has ended, or as it is when time is up."""
    return await wait_until(
        lambda: shelf.records.model(model),
        lambda found: found.inspection in _SETTLED,
        seconds=seconds,
        every=shelf.settings.poll_seconds,
    )


@router.get("/v1/models", response_model=ModelList, responses=problems(422))
def list_models(shelf: ShelfDep, page: PageDep) -> ModelList:
    """Models, newest first. A `page_size` over 200 is taken as 200."""
    try:
        found = shelf.records.models(after=page.after(), size=page.sought)
    except NotFound as error:
        raise bad_token() from error
    models, more = page.cut(found)
    return ModelList(models=tuple(shown(model) for model in models), next_page_token=more)


@router.get(
    "/v1/models/{model_id}",
    response_model=ModelResource,
    responses={304: {"description": "Not changed."}, **problems(404, 422)},
)
async def get_model(
    request: Request, response: Response, shelf: ShelfDep, model_id: str, wait: Wait = 0
) -> ModelResource | Response:
    """A model and what inspection found. With `wait`, answers when inspection has ended."""
    model = await inspected(shelf, model_id, wait)
    etag = etag_of(model)
    if matches(request.headers, etag):
        return Response(status_code=304, headers={"ETag": etag})
    response.headers.update({"ETag": etag, "Cache-Control": "no-cache"})
    return shown(model)


@router.head("/v1/models/{model_id}", response_class=Response, responses=problems(404))
def head_model(shelf: ShelfDep, model_id: str) -> Response:
    """Whether a model is known: asks before an upload that would cost time."""
    found = shelf.records.model(model_id)
    if not shelf.blobs.exists(model_id):
        # Its bytes were damaged and moved aside: who asks before an upload should go on and upload.
        raise NotFound("The model's bytes are gone.", expected="its bytes", remedy="Upload the same file again.")
    return Response(headers={"ETag": etag_of(found)})


@router.delete("/v1/models/{model_id}", status_code=204, response_class=Response, responses=problems(404, 409))
def delete_model(shelf: ShelfDep, model_id: str) -> Response:
    """Delete a model and its bytes; results that rest on it stay."""
    shelf.records.remove_model(model_id, shelf.blobs)
    return Response(status_code=204)
