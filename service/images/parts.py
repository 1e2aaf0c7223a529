"""From uploaded parts to the files of an image set: everything is examined before a byte is kept."""

import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import BinaryIO

from junco.contract import image_files
from junco.contract.arrays import is_arrays
from junco.contract.errors import BadInput, NoImages
from junco.contract.image_files import (
    ZIP_ERRORS,
    ZIP_MAGIC,
    Described,
    describe_arrays,
    describe_image,
    hidden,
    unreadable,
)
from junco.contract.images import ImageFile
from junco.storage import Blobs
from junco.storage.blobs import CHUNK
from service.images.archives import listed, opened, require_plain, require_whole
from service.uploads import too_large


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
    """An acceptable file: what it is, how to read it again, and its bytes, unpacked."""

    described: Described
    open: Callable[[], BinaryIO]
    size: int

    def keep(self, blobs: Blobs) -> ImageFile:
        """Store the bytes."""
        file = self.open()
        digest, _ = blobs.put_stream(iter(lambda: file.read(CHUNK), b""), limited=True)
        return self.described.at(digest)


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
    named = image_files.labelled([file.described for file in found], labels)
    return [replace(file, described=described) for file, described in zip(found, named, strict=True)]


def _part(part: Part, limits: Limits) -> Iterator[Found]:
    part.file.seek(0)
    if part.file.read(4) not in ZIP_MAGIC:
        size = part.file.seek(0, io.SEEK_END)
        yield Found(describe_image(part.name, _again(part.file)), lambda: _again(part.file), size)
        return
    try:
        yield from _archive(part, limits)
    except ZIP_ERRORS as error:
        raise unreadable(part.name, "a whole zip archive", str(error)[:200] or type(error).__name__) from error


def _again(file: BinaryIO) -> BinaryIO:
    # Whoever uploaded it closes it: the form does, at the end of the request.
    file.seek(0)
    return file


def _archive(part: Part, limits: Limits) -> Iterator[Found]:
    archive = listed(part.file, limits.files)
    entries = [info for info in archive.infolist() if not info.is_dir()]
    size = sum(info.file_size for info in entries)
    if size > limits.unpacked_bytes:
        raise too_large(max(limits.unpacked_bytes, 0))
    if len(entries) > limits.files:
        raise BadInput("The archive holds too many files.", expected=f"at most {limits.files}", found=str(len(entries)))
    require_plain(archive, part.name)
    if is_arrays(archive):
        yield Found(describe_arrays(part.name, archive), lambda: _again(part.file), size)
        return
    for info in entries:
        if not hidden(info.filename):
            yield _entry(part, archive, info)


def _entry(part: Part, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Found:
    path = PurePosixPath(info.filename)
    if path.is_absolute() or ".." in path.parts or "\\" in info.filename:
        raise unreadable(part.name, "relative names inside the archive", info.filename[:100])

    require_whole(archive, info)
    with opened(archive, info) as file:
        described = describe_image(info.filename, file)
    return Found(described, lambda: opened(archive, info), info.file_size)
