"""Archives that lie about themselves cost the service neither memory nor its temper."""

import bz2
import io
import struct
import tracemalloc
import zipfile
import zlib

import pytest

from junco.contract.errors import BadInput, ImageUnreadable
from service.images.parts import Limits, Part, examine
from tests.service.hand import picture

LIMITS = Limits(files=50, unpacked_bytes=1 << 20)
BOMB = bytes(64 << 20)
MOST = 16 << 20
"""What may be in memory for it, in bytes: less than a bomb, and more than anything else that happens here."""


def lying(method: int, packed: bytes, declared: int) -> bytes:
    """An archive of one entry that says that it unpacks to ``declared`` bytes."""
    name = b"a.png"
    sizes = (len(packed), declared, len(name))
    local = struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, 0, method, 0, 0, 0, *sizes, 0) + name + packed
    central = struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, 0, method, 0, 0, 0, *sizes, *[0] * 6) + name
    return local + central + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 1, 1, len(central), len(local), 0)


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def peak_of(data: bytes, kind: type[BadInput]) -> int:
    """Most bytes that were in memory while the archive was refused with ``kind``."""
    part = Part("a.zip", io.BytesIO(data))
    tracemalloc.start()
    try:
        with pytest.raises(kind):
            examine([part], LIMITS)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "data", [lying(12, bz2.compress(BOMB), 100), lying(8, deflated(BOMB), 100)], ids=["bzip2", "deflate"]
)
def test_an_entry_that_unpacks_to_more_than_it_says_is_never_in_memory(data: bytes) -> None:
    """Some hundred bytes that declare a hundred, and would unpack to 64 MiB."""
    assert peak_of(data, ImageUnreadable) < MOST


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_honest_archive_of_another_compression_is_refused_by_name(method: int) -> None:
    """Python unpacks these as a whole, whatever they hold; the error says what is taken."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("a.png", picture())
    with pytest.raises(ImageUnreadable) as refused:
        examine([Part("a.zip", file)], LIMITS)
    assert refused.value.expected == "entries that are stored or deflated"


def test_a_directory_longer_than_its_files_need_is_not_read() -> None:
    """A million names, 30 bytes of files."""
    entry = struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, *[0] * 7, 1, *[0] * 6) + b"a"
    central = entry * 1_000_000
    data = b"PK\3\4" + bytes(26) + central
    data += struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, len(central), 30, 0)
    assert peak_of(data, BadInput) < MOST


def test_a_full_archive_of_long_names_is_taken() -> None:
    """As many files as there may be, each deep in folders."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(LIMITS.files):
            archive.writestr("/".join(["folder"] * 50 + [f"{number}.png"]), picture(shade=number))
    found = examine([Part("a.zip", file)], LIMITS)
    with found[7].open() as entry:
        assert (len(found), entry.read()) == (LIMITS.files, picture(shade=7))
