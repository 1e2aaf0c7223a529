"""Image files made to take memory or time from whoever decodes them: each is refused as an image, and soon."""

import contextlib
import io
import struct
import time
import tracemalloc
import zlib
from typing import Literal

import pytest
from PIL import Image

from junco.audit.images import load
from junco.contract.base import digest_of
from junco.contract.errors import ImageTooLarge, ImageUnreadable
from junco.contract.images import ImageFile, PreprocessingRequest, PresetName, preprocessing

Kind = Literal["image/png", "image/jpeg", "image/webp"]
RECIPE = preprocessing(PreprocessingRequest(preset=PresetName.UNIT), (3, 16, 16))


def chunk(kind: bytes, data: bytes, *, length: int | None = None) -> bytes:
    size = len(data) if length is None else length
    return struct.pack(">I", size) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(*between: bytes, body: bytes, side: int = 16, end: bool = True) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"".join((b"\x89PNG\r\n\x1a\n", header, *between, chunk(b"IDAT", body), chunk(b"IEND", b"") if end else b""))


GIGABYTE = zlib.compress(bytes(1 << 28), 9)
"""A quarter of a gigabyte in a quarter of a megabyte."""
ROWS = zlib.compress(bytes(16 * (1 + 3 * 16)))


def animated(frames: int) -> bytes:
    buffer = io.BytesIO()
    pictures = [Image.new("RGB", (64, 64), (i % 256, 0, 0)) for i in range(frames)]
    pictures[0].save(buffer, "WEBP", save_all=True, append_images=pictures[1:])
    return buffer.getvalue()


def decode(data: bytes, kind: Kind = "image/png") -> None:
    file = ImageFile(name="bomb", blob=digest_of(data), media_type=kind)
    load([(file, data)], RECIPE, selected=(0,))


@pytest.mark.parametrize(
    "data",
    [
        png(chunk(b"zTXt", b"Comment\0\0" + GIGABYTE), body=ROWS),
        png(chunk(b"iTXt", b"Comment\0\1\0\0\0" + GIGABYTE), body=ROWS),
        png(chunk(b"iCCP", b"icc\0\0" + GIGABYTE), body=ROWS),
        png(chunk(b"tEXt", b"x" * 64, length=0x7FFFFFFF), body=ROWS),
        png(body=ROWS, end=False) + chunk(b"IDAT", b"", length=0x7FFFFFFF),
        png(body=GIGABYTE),
    ],
    ids=["text", "unicode text", "profile", "lying length", "lying body", "pixels"],
)
def test_chunks_that_swell_cost_neither_memory_nor_time(data):
    """Compressed text and profiles, lengths that lie, rows without end: read within bounds, or refused."""
    tracemalloc.start()
    began = time.monotonic()
    with contextlib.suppress(ImageUnreadable):
        decode(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 << 20
    assert time.monotonic() - began < 5


def test_a_size_beyond_the_limit_is_refused_before_a_pixel_is_decoded():
    """The header says so."""
    with pytest.raises(ImageTooLarge):
        decode(png(body=GIGABYTE, side=20_000))


def test_of_an_animation_only_the_first_picture_is_decoded():
    """Time does not grow with the number of frames."""
    one, many = animated(1), animated(200)
    began = time.monotonic()
    decode(many, "image/webp")
    assert time.monotonic() - began < 2
    decode(one, "image/webp")


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "PPM", "ICO"])
def test_formats_outside_the_list_are_not_even_tried(kind):
    """Pillow opens some forty formats by default; a file of another kind under an admitted name is refused."""
    buffer = io.BytesIO()
    Image.new("RGB", (16, 16)).save(buffer, kind)
    with pytest.raises(ImageUnreadable):
        decode(buffer.getvalue())
