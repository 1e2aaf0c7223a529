"""What an image file is, by its header: the one rule by which the service and the client take or refuse files, so that
the same files make the same set on either way. Nothing is decoded."""

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO, Literal

from junco.contract.arrays import read_stack
from junco.contract.errors import BadInput, ImageTooLarge, ImageTooSmall, ImageUnreadable, NoImages
from junco.contract.headers import read_header
from junco.contract.images import MAX_PIXELS, MIN_SIDE, ImageFile
from junco.contract.labels import label_from_name
from junco.contract.names import display_name

ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
"""How a zip begins, the second one if it is empty; an .npz is a zip."""
ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError)
"""What zipfile raises on archives that are damaged, encrypted or packed by unknown means."""


@dataclass(frozen=True)
class Described:
    """An acceptable file: all that its set will say of it but the digest."""

    name: str
    media_type: Literal["image/png", "image/jpeg", "image/webp", "application/x-npz"]
    width: int
    height: int
    count: int = 1
    label: int | None = None

    def at(self, blob: str) -> ImageFile:
        """The file whose bytes have the digest ``blob``."""
        return ImageFile(
            name=self.name,
            blob=blob,
            media_type=self.media_type,
            count=self.count,
            width=self.width,
            height=self.height,
            label=self.label,
        )


def describe_image(name: str, file: BinaryIO) -> Described:
    """A PNG, JPEG or WEBP file, read from its start; raises ``ImageUnreadable``, ``ImageTooSmall``,
    ``ImageTooLarge``."""
    header = read_header(file)
    if header is None:
        file.seek(0)
        raise unreadable(name, "a PNG, JPEG or WEBP image", _look(file))
    _check_sides(name, header.width, header.height)
    shown = display_name(name, "image")
    return Described(shown, header.media_type, header.width, header.height, label=label_from_name(name))


def describe_arrays(name: str, archive: zipfile.ZipFile) -> Described:
    """An .npz of images, whole by its checksums; raises ``ImageUnreadable``, ``ImageTooSmall``, ``ImageTooLarge``,
    ``NoImages``, and ZIP_ERRORS for a damaged archive."""
    broken = archive.testzip()
    if broken is not None:
        raise unreadable(name, "a whole archive", f"a damaged {broken}")
    stack = read_stack(archive, name)
    if stack.count == 0:
        raise NoImages(f"{_safe(name)} holds no image.", expected="at least one", found="0")
    _check_sides(name, stack.width, stack.height)
    return Described(
        display_name(name, "images.npz"), "application/x-npz", stack.width, stack.height, count=stack.count
    )


def labelled(files: Sequence[Described], labels: Sequence[int]) -> list[Described]:
    """The files under the caller's labels, one each; raises ``BadInput``."""
    if any(file.media_type == "application/x-npz" for file in files):
        raise BadInput(
            "Labels of an .npz belong inside it.",
            expected="an array called labels or y in the .npz",
            found="labels given beside it",
        )
    if len(labels) != len(files):
        raise BadInput(
            "There must be one label an image.", expected=f"{len(files)} labels", found=f"{len(labels)} labels"
        )
    return [replace(file, label=label) for file, label in zip(files, labels, strict=True)]


def hidden(name: str) -> bool:
    """Whether an archive's entry is one that operating systems add by themselves: .DS_Store, __MACOSX/."""
    return any(part.startswith(".") and part != ".." for part in name.split("/")) or name.startswith("__MACOSX/")


def unreadable(name: str, expected: str, found: str) -> ImageUnreadable:
    """The error for a file called ``name`` that is not what it should be."""
    return ImageUnreadable(
        f"{_safe(name)} cannot be read.",
        expected=expected,
        found=found,
        remedy="Remove the file or convert it.",
        stage="upload",
    )


def _check_sides(name: str, width: int, height: int) -> None:
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


def _safe(name: str) -> str:
    return display_name(name, "a file without a name")
