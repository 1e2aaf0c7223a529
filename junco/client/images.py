"""IMAGES arguments -> an image set and the files behind it: files, folders, a zip, an .npz."""

import contextlib
import hashlib
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from junco.contract.arrays import is_arrays
from junco.contract.errors import ImageUnreadable, NoImages, PayloadTooLarge
from junco.contract.image_files import (
    ZIP_ERRORS,
    ZIP_MAGIC,
    Described,
    describe_arrays,
    describe_image,
    hidden,
    labelled,
    unreadable,
)
from junco.contract.images import ImageSet
from junco.contract.names import display_name

SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".webp", ".npz"))
"""Files taken from a folder; what else lies there is left alone."""
MAX_UNPACKED = 4 << 30
MAX_FILES = 10_000
_UNQUOTED = {ord('"'): "_", ord("\\"): "_"}
"""Characters of names that a form cannot carry unchanged."""


@dataclass(frozen=True)
class Picture:
    """One file: where it is, and what it is; ``told`` if its label is the caller's, not its name's."""

    path: Path
    described: Described
    told: bool = False

    @property
    def name(self) -> str:
        """What it is called, in the set and on the wire alike."""
        return self.described.name


@contextlib.contextmanager
def gathered(arguments: Sequence[Path], labels: Sequence[int] | None = None) -> Iterator[tuple[Picture, ...]]:
    """Every image that the arguments mean, in order; archives are unpacked for as long as the context lasts.

    Raises ``NoImages``, ``ImageUnreadable``, ``ImageTooSmall``, ``ImageTooLarge``, ``PayloadTooLarge``, and
    ``BadInput`` if there is not one label an image.
    """
    with tempfile.TemporaryDirectory(prefix="junco-images-") as folder:
        found = tuple(picture for i, path in enumerate(arguments) for picture in _expand(path, Path(folder, str(i))))
        if not found:
            said = ", ".join(str(path) for path in arguments)
            raise NoImages("There is no image to work on.", expected="PNG, JPEG, WEBP or .npz files", found=said)
        yield found if labels is None else _told(found, labels)


def image_set(pictures: Sequence[Picture]) -> ImageSet:
    """The set that these files make, here as on a service."""
    return ImageSet.of(tuple(picture.described.at(digest_of_file(picture.path)) for picture in pictures))


def digest_of_file(path: Path) -> str:
    """Content address of a file's bytes."""
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


def _told(pictures: tuple[Picture, ...], labels: Sequence[int]) -> tuple[Picture, ...]:
    named = labelled([picture.described for picture in pictures], labels)
    return tuple(Picture(picture.path, name, told=True) for picture, name in zip(pictures, named, strict=True))


def _expand(path: Path, unpacked: Path) -> Iterator[Picture]:
    if path.is_dir():
        inside = (file for file in sorted(path.rglob("*")) if file.suffix.lower() in SUFFIXES and file.is_file())
        visible = (file for file in inside if not hidden(file.relative_to(path).as_posix()))
        # The folder's own name counts: it may be the label.
        folder = path.resolve().name
        yield from (_picture(file, f"{folder}/{file.relative_to(path).as_posix()}") for file in visible)
    elif not path.is_file():
        raise ImageUnreadable(f"{path} does not exist.", expected="a file or folder", found="nothing")
    elif _is_folder(path):
        yield from _unpack(path, unpacked)
    else:
        yield _picture(path, path.name)


def _is_folder(path: Path) -> bool:
    """Whether this is a zip of images, rather than an image or an .npz."""
    if not zipfile.is_zipfile(path):
        return False
    with _whole(path.name), zipfile.ZipFile(path) as archive:
        return not is_arrays(archive)


def _unpack(path: Path, to: Path) -> Iterator[Picture]:
    to.mkdir()
    with _whole(path.name), zipfile.ZipFile(path) as archive:
        entries = [info for info in archive.infolist() if not info.is_dir() and not hidden(info.filename)]
        if len(entries) > MAX_FILES or sum(info.file_size for info in entries) > MAX_UNPACKED:
            raise PayloadTooLarge(f"{path} unpacks to too much.", expected=f"at most {MAX_UNPACKED} bytes")
        for number, info in enumerate(entries):
            name = PurePosixPath(info.filename)
            if name.is_absolute() or ".." in name.parts or "\\" in info.filename:
                raise unreadable(path.name, "relative names inside the archive", info.filename[:100])
            if name.suffix.lower() in SUFFIXES:
                # Written under a number: an entry's name is data, never a path.
                file = to / f"{number}{name.suffix.lower()}"
                file.write_bytes(archive.read(info))
                yield _picture(file, info.filename)


def _picture(path: Path, name: str) -> Picture:
    """The file, examined; raises what the service would refuse it with."""
    clean = display_name(name.translate(_UNQUOTED)[-255:].lstrip("./"), "image")
    with path.open("rb") as file:
        magic = file.read(4)
        file.seek(0)
        if magic not in ZIP_MAGIC:
            return Picture(path, describe_image(clean, file))
        with _whole(clean), zipfile.ZipFile(file) as archive:
            return Picture(path, describe_arrays(clean, archive))


@contextlib.contextmanager
def _whole(name: str) -> Iterator[None]:
    try:
        yield
    except ZIP_ERRORS as error:
        raise unreadable(name, "a whole zip archive", str(error)[:200] or type(error).__name__) from error
