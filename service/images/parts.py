"""From uploaded parts to the files of an image set: everything is examined before a byte is kept."""

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import BinaryIO

from junco.contract.errors import BadInput, ImageTooLarge, ImageTooSmall, ImageUnreadable, NoImages
from junco.contract.images import MAX_PIXELS, MIN_SIDE, ImageFile
from junco.contract.labels import label_from_name
from junco.storage import Blobs
from junco.storage.blobs import CHUNK
from service.images.arrays import is_arrays, read_stack
from service.images.headers import read_header
from service.uploads import display_name, too_large

_ZIP = b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"


@dataclass(frozen=True)
class Part:
    """An uploaded file as it came: its name is data, never a path."""

    name: str
    file: BinaryIO


@dataclass(frozen=True)
class Limits:
    """Of one image set."""

    files: int
    unpacked_bytes: int


@dataclass(frozen=True)
class Found:
    """An acceptable file: all of its row but the digest, how to read it again, and its bytes, unpacked."""

    fields: dict[str, object]
    open: Callable[[], BinaryIO]
    size: int

    def keep(self, blobs: Blobs) -> ImageFile:
        """Store the bytes."""
        file = self.open()
        digest, _ = blobs.put_stream(iter(lambda: file.read(CHUNK), b""))
        return ImageFile.model_validate({**self.fields, "blob": digest})


def examine(parts: list[Part], limits: Limits) -> list[Found]:
    """Every file of the parts, in order; raises the ``BadInput`` of the first that cannot be taken, or ``NoImages``."""
    found: list[Found] = []
    for part in parts:
        # What is left for this part: many small archives must not unpack to more than one large one may.
        left = limits.unpacked_bytes - sum(file.size for file in found)
        found += _part(part, Limits(limits.files, left))
    if not found:
        raise NoImages(
            "The upload holds no image.", expected="PNG, JPEG or WEBP files, a zip of them, or an .npz", found="none"
        )
    if len(found) > limits.files:
        raise BadInput("Too many images.", expected=f"at most {limits.files}", found=str(len(found)))
    return found


def labelled(found: list[Found], labels: list[int] | None) -> list[Found]:
    """The files with the caller's labels, one each; raises ``BadInput``."""
    if labels is None:
        return found
    if any(file.fields["media_type"] == "application/x-npz" for file in found):
        raise BadInput(
            "Labels of an .npz belong inside it.", expected="an array called labels or y", found="a form field labels"
        )
    if len(labels) != len(found):
        raise BadInput("There must be one label an image.", expected=f"{len(found)} labels", found=f"{len(labels)}")
    return [replace(file, fields={**file.fields, "label": label}) for file, label in zip(found, labels, strict=True)]


def _part(part: Part, limits: Limits) -> Iterator[Found]:
    part.file.seek(0)
    if part.file.read(4) not in (_ZIP, _EMPTY_ZIP):
        part.file.seek(0)
        yield replace(_image(part.name, lambda: _again(part.file)), size=part.file.seek(0, io.SEEK_END))
        return
    try:
        yield from _archive(part, limits)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise _unreadable(part.name, "a whole zip archive", str(error)[:200] or type(error).__name__) from error


def _again(file: BinaryIO) -> BinaryIO:
    # Whoever uploaded it closes it: the form does, at the end of the request.
    file.seek(0)
    return file


def _archive(part: Part, limits: Limits) -> Iterator[Found]:
    archive = zipfile.ZipFile(part.file)
    entries = [info for info in archive.infolist() if not info.is_dir()]
    if sum(info.file_size for info in entries) > limits.unpacked_bytes:
        raise too_large(max(limits.unpacked_bytes, 0))
    if len(entries) > limits.files:
        raise BadInput("The archive holds too many files.", expected=f"at most {limits.files}", found=str(len(entries)))
    if is_arrays(archive):
        yield _stack(part, archive)
        return
    for info in entries:
        if not _hidden(info.filename):
            yield _entry(part, archive, info)


def _hidden(name: str) -> bool:
    # What operating systems add by themselves: .DS_Store, __MACOSX/.
    return any(piece.startswith(".") and piece != ".." for piece in name.split("/")) or name.startswith("__MACOSX/")


def _entry(part: Part, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Found:
    path = PurePosixPath(info.filename)
    if path.is_absolute() or ".." in path.parts or "\\" in info.filename:
        raise _unreadable(part.name, "relative names inside the archive", info.filename[:100])

    def reopen() -> BinaryIO:
        return io.BytesIO(archive.read(info))  # reads to the end, so that the checksum is verified

    return replace(_image(info.filename, reopen), size=info.file_size)


def _stack(part: Part, archive: zipfile.ZipFile) -> Found:
    broken = archive.testzip()
    if broken is not None:
        raise _unreadable(part.name, "a whole archive", f"a damaged {broken}")
    stack = read_stack(archive, part.name)
    if stack.count == 0:
        raise NoImages(f"{part.name} holds no image.", expected="at least one", found="0")
    _sides(part.name, stack.width, stack.height)
    fields = {"media_type": "application/x-npz", "count": stack.count, "width": stack.width, "height": stack.height}
    size = sum(info.file_size for info in archive.infolist())
    return Found({"name": display_name(part.name, "images.npz"), **fields}, lambda: _again(part.file), size)


def _image(name: str, reopen: Callable[[], BinaryIO]) -> Found:
    header = read_header(reopen())
    if header is None:
        raise _unreadable(name, "a PNG, JPEG or WEBP image", _look(reopen()))
    _sides(name, header.width, header.height)
    fields = {"media_type": header.media_type, "width": header.width, "height": header.height}
    return Found({"name": display_name(name, "image"), "label": label_from_name(name), **fields}, reopen, 0)


def _sides(name: str, width: int, height: int) -> None:
    found = f"{width}x{height} pixels"
    if min(width, height) < MIN_SIDE:
        raise ImageTooSmall(f"{_safe(name)} is too small.", expected=f"at least {MIN_SIDE} pixels a side", found=found)
    if width * height > MAX_PIXELS:
        raise ImageTooLarge(f"{_safe(name)} is too large.", expected=f"at most {MAX_PIXELS} pixels", found=found)


def _look(file: BinaryIO) -> str:
    head = file.read(64)
    if not head:
        return "an empty file"
    return "text" if head.isascii() and b"\0" not in head else "another kind of file, or a damaged one"


def _unreadable(name: str, expected: str, found: str) -> ImageUnreadable:
    return ImageUnreadable(
        f"{_safe(name)} cannot be read.",
        expected=expected,
        found=found,
        remedy="Remove the file or convert it.",
        stage="upload",
    )


def _safe(name: str) -> str:
    return display_name(name, "a file without a name")
