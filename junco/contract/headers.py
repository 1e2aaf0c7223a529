"""Size and kind of PNG, JPEG and WEBP files from their first bytes. Nothing is decoded here."""

import struct
from dataclasses import dataclass
from typing import BinaryIO, Literal

MediaType = Literal["image/png", "image/jpeg", "image/webp"]


@dataclass(frozen=True)
class Header:
    """What a file's header says."""

    media_type: MediaType
    width: int
    height: int


def read_header(file: BinaryIO) -> Header | None:
    """The header at the file's start; None if it is not a whole one of a kind that Junco reads."""
    try:
        return _read(file)
    except (struct.error, IndexError):
        return None


def _read(file: BinaryIO) -> Header | None:
    head = file.read(30)
    if head.startswith(b"\x89PNG\r\n\x1a\n") and head[12:16] == b"IHDR":
        width, height = struct.unpack(">II", head[16:24])
        return Header("image/png", width, height)
    if head.startswith(b"\xff\xd8\xff"):
        file.seek(2)
        return _jpeg(file)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return _webp(head)
    return None


_STANDALONE = frozenset((0x01, *range(0xD0, 0xD9)))
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def _jpeg(file: BinaryIO) -> Header | None:
    # At most 1000 segments before the frame header: metadata may be long, never endless.
    for _ in range(1000):
        marker = _marker(file)
        if marker in _STANDALONE:
            continue
        (length,) = struct.unpack(">H", file.read(2))
        if marker in _FRAMES:
            _, height, width = struct.unpack(">BHH", file.read(5))
            return Header("image/jpeg", width, height)
        if length < 2 or marker in (0xD9, 0xDA):
            return None
        file.seek(length - 2, 1)
    return None


def _marker(file: BinaryIO) -> int:
    (lead,) = struct.unpack("B", file.read(1))
    if lead != 0xFF:
        raise struct.error("no marker")
    code = 0xFF
    while code == 0xFF:
        (code,) = struct.unpack("B", file.read(1))
    return int(code)


def _webp(head: bytes) -> Header | None:
    kind = head[12:16]
    if kind == b"VP8X":
        width = int.from_bytes(head[24:27], "little") + 1
        height = int.from_bytes(head[27:30], "little") + 1
    elif kind == b"VP8L" and head[20] == 0x2F:
        bits = int.from_bytes(head[21:25], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        width, height = (side & 0x3FFF for side in struct.unpack("<HH", head[26:30]))
    else:
        return None
    return Header("image/webp", width, height)
