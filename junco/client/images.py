"""IMAGES arguments -> an image set and the files behind it: files, folders, a zip, an .npz."""

import ast
import contextlib
import hashlib
import struct
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, Literal

from junco.contract.errors import BadInput, ImageUnreadable, NoImages, PayloadTooLarge
from junco.contract.images import ImageFile, ImageSet
from junco.contract.labels import label_from_name

SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".webp", ".npz"))
"""Files taken from a folder; what else lies there is left alone."""
MAX_UNPACKED = 4 << 30
MAX_FILES = 10_000
_NPZ: Final = "application/x-npz"
_MediaType = Literal["image/png", "image/jpeg", "image/webp", "application/x-npz"]


@dataclass(frozen=True)
class Picture:
    """One file: where it is, what it is called (which may carry its label), and its label if the caller gave one."""

    path: Path
    name: str
    label: int | None = None


@contextlib.contextmanager
def gathered(arguments: Sequence[Path], labels: Sequence[int] | None = None) -> Iterator[tuple[Picture, ...]]:
    """Every image that the arguments mean, in order; archives are unpacked for as long as the context lasts.

    Raises ``NoImages``, ``ImageUnreadable``, ``PayloadTooLarge``, and ``BadInput`` if there is not one label an image.
    """
    with tempfile.TemporaryDirectory(prefix="junco-images-") as folder:
        found = tuple(picture for i, path in enumerate(arguments) for picture in _expand(path, Path(folder, str(i))))
        if not found:
            said = ", ".join(str(path) for path in arguments)
            raise NoImages("There is no image to work on.", expected="PNG, JPEG, WEBP or .npz files", found=said)
        yield found if labels is None else _labelled(found, labels)


def image_set(pictures: Sequence[Picture]) -> ImageSet:
    """The set that these files make; raises ``ImageUnreadable`` for a file of another kind."""
    return ImageSet.of(tuple(_described(picture) for picture in pictures))


def digest_of_file(path: Path) -> str:
    """Content address of a file's bytes."""
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


def _expand(path: Path, unpacked: Path) -> Iterator[Picture]:
    if path.is_dir():
        inside = (file for file in sorted(path.rglob("*")) if file.suffix.lower() in SUFFIXES and file.is_file())
        visible = (file for file in inside if not _hidden(file.relative_to(path).as_posix()))
        # The folder's own name counts: it may be the label.
        yield from (Picture(file, f"{path.name}/{file.relative_to(path).as_posix()}"[-255:]) for file in visible)
    elif not path.is_file():
        raise ImageUnreadable(f"{path} does not exist.", expected="a file or folder", found="nothing")
    elif path.suffix.lower() != ".npz" and zipfile.is_zipfile(path):
        yield from _unpack(path, unpacked)
    else:
        yield Picture(path, path.name)


def _unpack(path: Path, to: Path) -> Iterator[Picture]:
    to.mkdir()
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [info for info in archive.infolist() if not info.is_dir() and not _hidden(info.filename)]
            if len(entries) > MAX_FILES or sum(info.file_size for info in entries) > MAX_UNPACKED:
                raise PayloadTooLarge(f"{path} unpacks to too much.", expected=f"at most {MAX_UNPACKED} bytes")
            for number, info in enumerate(entries):
                name = PurePosixPath(info.filename)
                if name.is_absolute() or ".." in name.parts or "\\" in info.filename:
                    raise ImageUnreadable(
                        f"{path} cannot be unpacked.", expected="relative names inside", found=info.filename[:100]
                    )
                if name.suffix.lower() in SUFFIXES:
                    # Written under a number: an entry's name is data, never a path.
                    file = to / f"{number}{name.suffix.lower()}"
                    file.write_bytes(archive.read(info))
                    yield Picture(file, info.filename[-255:])
    except (zipfile.BadZipFile, RuntimeError, EOFError, OSError) as error:
        raise ImageUnreadable(f"{path} cannot be unpacked.", expected="a whole zip", found=str(error)) from error


def _hidden(name: str) -> bool:
    # What operating systems add by themselves.
    return any(part.startswith(".") and part != ".." for part in name.split("/")) or name.startswith("__MACOSX/")


def _labelled(pictures: tuple[Picture, ...], labels: Sequence[int]) -> tuple[Picture, ...]:
    if len(labels) != len(pictures):
        raise BadInput(
            "There must be one label an image.", expected=f"{len(pictures)} labels", found=f"{len(labels)} labels"
        )
    return tuple(Picture(p.path, p.name, label) for p, label in zip(pictures, labels, strict=True))


def _described(picture: Picture) -> ImageFile:
    kind = _kind(picture)
    label = picture.label if picture.label is not None else label_from_name(picture.name)
    return ImageFile(
        name=picture.name,
        blob=digest_of_file(picture.path),
        media_type=kind,
        count=_count(picture) if kind == _NPZ else 1,
        label=None if kind == _NPZ else label,
    )


def _kind(picture: Picture) -> _MediaType:
    with picture.path.open("rb") as file:
        head = file.read(12)
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head[:4] == b"RIFF" and head[8:] == b"WEBP":
        return "image/webp"
    if head.startswith(b"PK"):
        return _NPZ
    raise _unreadable(picture, "a PNG, JPEG, WEBP or .npz file", "text" if head.isascii() else "another kind of file")


def _count(picture: Picture) -> int:
    """Images in an .npz, from the header of its array; nothing is unpickled."""
    try:
        with zipfile.ZipFile(picture.path) as archive:
            member = next(name for name in ("images.npy", "x.npy") if name in archive.namelist())
            with archive.open(member) as file:
                version = file.read(8)[6]
                form = "<H" if version == 1 else "<I"
                (length,) = struct.unpack(form, file.read(struct.calcsize(form)))
                shape = ast.literal_eval(file.read(min(length, 10_000)).decode("latin-1"))["shape"]
                return int(shape[0])
    except (StopIteration, zipfile.BadZipFile, struct.error, ValueError, SyntaxError, KeyError, IndexError) as error:
        raise _unreadable(picture, "an .npz with an array called images or x", "none that can be read") from error


def _unreadable(picture: Picture, expected: str, found: str) -> ImageUnreadable:
    return ImageUnreadable(
        f"{picture.name} cannot be read.", expected=expected, found=found, remedy="Remove the file or convert it."
    )
