"""What an .npz archive holds, from the headers of its members. No array is read, and no pickle could be."""

import ast
import math
import struct
import zipfile
from dataclasses import dataclass

from junco.contract.errors import ImageUnreadable

IMAGES = ("images.npy", "x.npy")
LABELS = ("labels.npy", "y.npy")
_ITEM_BYTES = {"|u1": 1, "|b1": 1, "|i1": 1, "<i4": 4, "<i8": 8, "<u4": 4, "<u8": 8, "<i2": 2, "<u2": 2}
_PIXELS = {"|u1": 1, "<f2": 2, "<f4": 4, "<f8": 8}
_MAX_HEADER = 10_000


@dataclass(frozen=True)
class Array:
    """A member's header, and the bytes that follow it."""

    descr: str
    shape: tuple[int, ...]
    data_bytes: int


@dataclass(frozen=True)
class Stack:
    """Equal-sized images in one array: [n, height, width], [n, height, width, channels] or [n, channels, h, w]."""

    count: int
    height: int
    width: int


def is_arrays(archive: zipfile.ZipFile) -> bool:
    """Whether this zip is an .npz."""
    names = archive.namelist()
    return bool(names) and all(name.endswith(".npy") for name in names)


def read_stack(archive: zipfile.ZipFile, name: str) -> Stack:
    """The images in an .npz called ``name``; raises ``ImageUnreadable``."""
    images = _array(archive, name, IMAGES)
    if images is None:
        raise _unreadable(name, "an array called images or x", ", ".join(archive.namelist()[:5]))
    stack = _stack(images, name)
    labels = _array(archive, name, LABELS)
    if labels is not None and (labels.shape != (stack.count,) or labels.descr not in _ITEM_BYTES):
        found = f"{labels.descr} of shape {list(labels.shape)}"
        raise _unreadable(name, f"integer labels of shape [{stack.count}]", found)
    for array in (images, labels):
        _whole(array, name)
    return stack


def _stack(images: Array, name: str) -> Stack:
    if images.descr not in _PIXELS:
        raise _unreadable(name, "images of type uint8 or float, little-endian", images.descr)
    match images.shape:
        case (count, height, width) | (count, height, width, 1 | 3) | (count, 1 | 3, height, width):
            return Stack(count, height, width)
    expected = (
        "images of shape [n, height, width, 3], [n, 3, height, width], [n, height, width, 1] or [n, height, width]"
    )
    raise _unreadable(name, expected, f"shape {list(images.shape)}")


def _whole(array: Array | None, name: str) -> None:
    if array is None:
        return
    expected = math.prod(array.shape) * (_PIXELS | _ITEM_BYTES)[array.descr]
    if expected != array.data_bytes:
        raise _unreadable(name, f"{expected} bytes of data", f"{array.data_bytes} bytes")


def _array(archive: zipfile.ZipFile, name: str, members: tuple[str, ...]) -> Array | None:
    member = next((member for member in members if member in archive.namelist()), None)
    if member is None:
        return None
    try:
        return _header(archive, archive.getinfo(member))
    except (struct.error, ValueError, SyntaxError, KeyError, TypeError, RecursionError, MemoryError) as error:
        raise _unreadable(name, f"a NumPy array as {member}", "a damaged header") from error


def _header(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Array:
    with archive.open(info) as file:
        if file.read(6) != b"\x93NUMPY":
            raise ValueError("not an array")
        form, skipped = ("<H", 10) if file.read(2)[0] == 1 else ("<I", 12)
        (length,) = struct.unpack(form, file.read(struct.calcsize(form)))
        if length > _MAX_HEADER:
            raise ValueError("an endless header")
        fields = ast.literal_eval(file.read(length).decode("latin-1"))
    shape = fields["shape"]
    if not isinstance(shape, tuple) or not all(type(side) is int and side >= 0 for side in shape):
        raise ValueError("not a shape")
    return Array(str(fields["descr"]), shape, info.file_size - skipped - length)


def _unreadable(name: str, expected: str, found: str) -> ImageUnreadable:
    return ImageUnreadable(
        f"{name} does not hold images that Junco reads.",
        expected=expected,
        found=found,
        remedy="Write it with numpy.savez(file, images=array, labels=array).",
        stage="upload",
    )
