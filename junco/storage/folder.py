"""Blobs in a local folder: temp file, fsync, rename, fsync of the folder."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from junco.storage.blobs import CHUNK, Blobs, Kept, corrupt, key_of
from junco.storage.room import Limits


class FolderBlobs(Blobs):
    """One file a blob, sharded by the digest's first two digits."""

    def __init__(self, root: Path, spool: Path, limits: Limits | None = None) -> None:
        super().__init__(spool, limits)
        self._root = root

    def adopt(self, spooled: Path, digest: str) -> None:
        """Rename into place; renaming over the same bytes is harmless."""
        place = self._root / key_of(digest)
        _make(place.parent)
        spooled.chmod(0o444)
        os.utime(spooled)  # its age counts from here, however long the upload took
        spooled.replace(place)
        _sync(place.parent)

    def exists(self, digest: str) -> bool:
        """Whether there is such a file."""
        return (self._root / key_of(digest)).is_file()

    def delete(self, digest: str) -> None:
        """Remove the file, if there."""
        place = self._root / key_of(digest)
        try:
            size = place.stat().st_size
            place.unlink()
        except FileNotFoundError:
            return
        self.room.add(-size)

    def path(self, digest: str) -> Path:
        """The blob's own file, after its bytes were verified; raises ``BlobCorrupt``."""
        for _ in self.stream(digest):
            pass
        return (self._root / key_of(digest)).absolute()

    def set_aside(self, digest: str) -> None:
        """Rename into the folder ``quarantine``, where a later one of the same digest replaces it."""
        aside = self._aside / key_of(digest).rpartition("/")[2]
        _make(aside.parent)
        try:
            (self._root / key_of(digest)).replace(aside)
        except FileNotFoundError:
            return  # another reader was quicker
        _sync(aside.parent)

    def quarantined(self) -> int:
        """Files in the folder ``quarantine``."""
        return sum(1 for _ in self._aside.glob("*"))

    def listing(self) -> Iterator[Kept]:
        """Every blob, in no order; what goes away meanwhile is left out."""
        now = time.time()
        for path in self._root.glob("sha256/??/*"):
            try:
                found = path.stat()
            except FileNotFoundError:
                continue
            yield Kept("sha256:" + path.name, found.st_size, now - found.st_mtime)

    def age(self, digest: str) -> float | None:
        """By the file's modification time."""
        try:
            return time.time() - (self._root / key_of(digest)).stat().st_mtime
        except FileNotFoundError:
            return None

    @property
    def _aside(self) -> Path:
        return self._root / "quarantine"

    def _chunks(self, digest: str) -> Iterator[bytes]:
        try:
            file = (self._root / key_of(digest)).open("rb")
        except FileNotFoundError:
            raise corrupt(digest, "nothing") from None
        with file:
            yield from iter(lambda: file.read(CHUNK), b"")


def _make(folder: Path) -> None:
    # A new folder is an entry of its parent, which must reach the disk as well.
    if folder.is_dir():
        return
    _make(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync(folder.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
