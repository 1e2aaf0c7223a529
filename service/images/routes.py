"""/v1/image-sets: files, a zip or an .npz."""

import json
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from junco.contract.errors import BadInput
from junco.contract.images import ImageSet
from junco.contract.labels import MAX_LABEL
from junco.contract.resources import ImageSetResource
from service.access.room import room
from service.api import problems
from service.fields import invalid
from service.images.parts import Limits, Part, examine, labelled
from service.shelf import Shelf, ShelfDep
from service.uploads import files, form, media_type, text_field

router = APIRouter(tags=["image sets"])

_LABELS = TypeAdapter(list[int])
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "files": {"type": "array", "items": {"type": "string", "format": "binary"}, "minItems": 1},
                        "labels": {"type": "string", "description": "JSON list of class numbers, one an image."},
                    },
                    "required": ["files"],
                },
                "encoding": {"files": {"contentType": "application/octet-stream"}},
            }
        },
    }
}


def path_of(set_id: str) -> str:
    """Where an image set is found."""
    return f"/v1/image-sets/{set_id}"


def shown(images: ImageSetResource) -> ImageSetResource:
    """The image set with its links."""
    return images.model_copy(update={"links": {"self": path_of(images.id)}})


def keep_images(found: FormData, field: str, shelf: Shelf) -> tuple[ImageSetResource, bool]:
    """Store the images under ``field``; the set and whether it is new. Nothing is stored if one cannot be taken."""
    parts = [Part(file.filename or "", file.file) for file in files(found, field)]
    limits = Limits(shelf.settings.max_images, shelf.settings.max_images_bytes)
    good = labelled(examine(parts, limits), _labels(text_field(found, "labels"), limits.files))
    images = ImageSet.of(tuple(file.keep(shelf.blobs) for file in good))
    return shelf.records.add_images(images, size=sum(file.size for file in good))


def _labels(text: str | None, most: int) -> list[int] | None:
    if not text:
        return None
    try:
        given = json.loads(text)
        if isinstance(given, list) and len(given) > most:
            raise BadInput("There must be one label an image.", expected=f"at most {most}", found=str(len(given)))
        labels = _LABELS.validate_python(given, strict=True)
    except ValidationError as error:
        raise invalid(error, BadInput, "labels") from error
    except (ValueError, RecursionError) as error:
        raise BadInput(
            "labels is not JSON.",
            expected="a JSON list of class numbers",
            found=text[:50],
            remedy="Send one number an image, as in [0, 3, 3].",
        ) from error
    wrong = next((label for label in labels if not 0 <= label <= MAX_LABEL), None)
    if wrong is not None:
        raise BadInput(
            "A label is no class number.",
            expected="whole numbers from 0",
            found=str(wrong)[:50],
            remedy="Count classes from 0, and leave labels out where they are not known.",
        )
    return labels


@router.post(
    "/v1/image-sets",
    status_code=201,
    response_model=ImageSetResource,
    responses={
        200: {"model": ImageSetResource, "description": "Known already."},
        **problems(400, 413, 415, 422, 503, 507),
    },
    openapi_extra=_BODY,
)
async def upload_images(request: Request, response: Response, shelf: ShelfDep) -> ImageSetResource:
    """Upload images: many files, one zip of images, or one .npz with `images` and perhaps `labels`. Whole-number
    folder names and a trailing `_NNN` in file names are labels."""
    expect_form(request)
    most = shelf.settings.max_images_bytes
    async with room(request, shelf, most) as left, form(request, left, shelf.settings.max_images) as found:
        images, new = await run_in_threadpool(keep_images, found, "files", shelf)
    response.status_code = 201 if new else 200
    response.headers["Location"] = path_of(images.id)
    return shown(images)


def expect_form(request: Request) -> None:
    """Refuse anything but a multipart body, with status 415."""
    if media_type(request) != "multipart/form-data":
        raise HTTPException(
            415, f"This takes multipart/form-data, not {media_type(request)[:100] or 'a body without a type'}."
        )


@router.get("/v1/image-sets/{set_id}", response_model=ImageSetResource, responses=problems(404))
def get_images(shelf: ShelfDep, set_id: str) -> ImageSetResource:
    """An image set and its files."""
    return shown(shelf.records.images(set_id))
