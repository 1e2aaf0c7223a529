"""Bodies: counted while they arrive, raw ones streamed to the shelf, forms spooled to disk."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import HTTPException, Request
from python_multipart.multipart import parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.types import Message

from junco.contract.errors import BadInput, FieldProblem, PayloadTooLarge
from junco.storage import Blobs
from junco.storage.blobs import CHUNK

_MAX_FIELD = 1 << 20


def too_large(limit: int) -> PayloadTooLarge:
    """The error for a body over ``limit`` bytes."""
    return PayloadTooLarge(
        "The body is larger than this service takes.",
        expected=f"at most {limit} bytes",
        remedy="Send less, or have the operator raise the JUNCO_MAX_*_BYTES limit.",
    )


def announced(request: Request) -> int:
    """The body's length as its header says; 0 if it does not."""
    length = request.headers.get("content-length", "")
    return int(length[:20]) if length.isascii() and length.isdigit() else 0


def check_length(request: Request, limit: int) -> None:
    """Refuse by Content-Length before a byte is read; raises ``PayloadTooLarge``."""
    if announced(request) > limit:
        raise too_large(limit)


async def counted(request: Request, limit: int) -> AsyncIterator[bytes]:
    """The body's chunks; raises ``PayloadTooLarge`` as soon as there are more than ``limit`` bytes."""
    check_length(request, limit)
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        yield chunk


async def body(request: Request, limit: int) -> bytes:
    """The whole body; raises ``PayloadTooLarge``."""
    return b"".join([chunk async for chunk in counted(request, limit)])


@asynccontextmanager
async def form(request: Request, limit: int, max_files: int = 10) -> AsyncIterator[FormData]:
    """A multipart body, closed afterwards; raises ``PayloadTooLarge``."""
    check_length(request, limit)
    _require_utf8(request)
    size = 0

    async def receive() -> Message:
        nonlocal size
        message = await request.receive()
        size += len(message.get("body", b""))
        if size > limit:
            raise too_large(limit)
        return message

    limited = Request(request.scope, receive)
    async with limited.form(max_files=max_files, max_fields=100, max_part_size=_MAX_FIELD) as found:
        yield found


def _require_utf8(request: Request) -> None:
    # The framework would decode by whatever codec is named, and some of Python's raise, or give what is no text.
    _, told = parse_options_header(request.headers.get("content-type", ""))
    charset = told.get(b"charset", b"utf-8").lower()
    if charset not in (b"utf-8", b"utf8", b"us-ascii"):
        raise HTTPException(415, f"The text of a form must be UTF-8, not {charset[:50].decode('ascii', 'replace')}.")


async def file_chunks(file: UploadFile) -> AsyncIterator[bytes]:
    """A spooled file's bytes."""
    while chunk := await file.read(CHUNK):
        yield chunk


def one_file(found: FormData, name: str, limit: int) -> UploadFile:
    """The form's file called ``name``; raises ``BadInput``, ``PayloadTooLarge`` over ``limit`` bytes."""
    value = _only(found, name)
    if not isinstance(value, UploadFile):
        raise missing(name, "a file")
    if (value.size or 0) > limit:
        raise too_large(limit)
    return value


def text_field(found: FormData, name: str) -> str | None:
    """The form's text called ``name``, if there; raises ``BadInput`` for a file."""
    value = _only(found, name)
    if isinstance(value, UploadFile):
        raise missing(name, "text")
    return value


def files(found: FormData, name: str) -> list[UploadFile]:
    """The form's files called ``name``, at least one; raises ``BadInput``, also for text among them."""
    values = found.getlist(name)
    given = [value for value in values if isinstance(value, UploadFile)]
    if not given or len(given) < len(values):
        raise missing(name, "nothing but files")
    return given


def _only(found: FormData, name: str) -> UploadFile | str | None:
    values = found.getlist(name)
    if len(values) > 1:
        raise BadInput(
            f"The form has several fields {name!r}.",
            expected="one",
            found=str(len(values)),
            remedy="Send the one that is meant: of several, Junco does not choose.",
            errors=[FieldProblem(pointer=f"/{name}", detail="must be there once", code="DOUBLED")],
        )
    return values[0] if values else None


def missing(name: str, what: str) -> BadInput:
    """The error for a form without a field, or with one of the wrong kind."""
    return BadInput(
        f"The form needs a field {name!r} holding {what}.",
        expected=f"multipart/form-data with {name!r}",
        remedy=f"With curl, a file is sent as -F {name}=@path, and text as -F {name}=text.",
        errors=[FieldProblem(pointer=f"/{name}", detail=f"must be {what}", code="MISSING")],
    )


async def keep(chunks: AsyncIterator[bytes], blobs: Blobs) -> tuple[str, int]:
    """Stream to the shelf in constant memory, hashing once; digest and size. Nothing remains if the stream fails;
    raises ``StorageFull``."""
    buffer = bytearray()
    with blobs.writer(limited=True) as writer:
        async for chunk in chunks:
            buffer += chunk
            if len(buffer) >= CHUNK:
                await run_in_threadpool(writer.write, bytes(buffer))
                buffer.clear()
        await run_in_threadpool(writer.write, bytes(buffer))
        return await run_in_threadpool(writer.commit)


def media_type(request: Request) -> str:
    """The body's media type without parameters, lower case; empty if not said."""
    return request.headers.get("content-type", "").split(";")[0].strip().lower()
