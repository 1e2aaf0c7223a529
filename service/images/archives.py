"""Zip archives of strangers: listed and unpacked in memory whose size is ours to say, not theirs."""

import zipfile
from typing import BinaryIO, cast

from junco.contract.errors import BadInput
from junco.contract.image_files import unreadable
from junco.storage.blobs import CHUNK

_LISTED = 512
"""Bytes of an archive's directory for each file that it may hold: its name, and what packers note beside it."""
_SLACK = 1 << 16
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""How entries may be packed. Of what is packed in other ways Python unpacks as much at a time as there is."""


def listed(file: BinaryIO, most: int) -> zipfile.ZipFile:
    """The archive, of at most ``most`` files; raises ``BadInput`` if its directory is too long for that, unread, and
    what zipfile raises."""
    archive = zipfile.ZipFile(cast(BinaryIO, _Listing(file, most * _LISTED + _SLACK)))
    archive.fp = file  # what entries hold has limits of its own
    return archive


def require_plain(archive: zipfile.ZipFile, name: str) -> None:
    """Raise ``ImageUnreadable`` for an archive called ``name`` with an entry that is neither stored nor deflated."""
    if any(info.compress_type not in _METHODS for info in archive.infolist()):
        raise unreadable(name, "entries that are stored or deflated", "another kind of compression")


def opened(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> BinaryIO:
    """An entry's bytes, unpacked as they are read."""
    return cast(BinaryIO, archive.open(info))


def require_whole(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
    """Read an entry to its end, where its checksum is verified; raises what zipfile raises."""
    with archive.open(info) as file:
        while file.read(CHUNK):
            pass


class _Listing:
    """The file as zipfile sees it while it lists: the whole directory is read by one call, and said to be so long by
    the archive."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        self._file, self._most = file, most
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        """The file's bytes; raises ``BadInput`` for more than the directory may have."""
        if size > self._most:
            raise BadInput(
                "The archive lists too many files.",
                expected=f"a directory of at most {self._most} bytes",
                found=f"{size} bytes",
                remedy="Send the images in several sets.",
            )
        return self._file.read(size)
