"""Blobs in a local folder: temp file, fsync, rename, fsync of the folder."""

import os
from collections.abc import Iterator
from pathlib import Path

from junco.storage.blobs import CHUNK, Blobs, corrupt, key_of


class FolderBlobs(Blobs):
    """One file a blob, sharded by the digest's first two digits."""

    def __init__(self, root: Path, spool: Path) -> None:
        super().__init__(spool)
        self._root = root

    def adopt(self, spooled: Path, digest: str) -> None:
        """Rename into place; renaming over the same bytes is harmless."""
        place = self._root / key_of(digest)
        place.parent.mkdir(parents=True, exist_ok=True)
        spooled.chmod(0o444)
        spooled.replace(place)
        _sync(place.parent)

    def exists(self, digest: str) -> bool:
        """Whether there is such a file."""
        return (self._root / key_of(digest)).is_file()

    def delete(self, digest: str) -> None:
        """Remove the file, if there."""
        (self._root / key_of(digest)).unlink(missing_ok=True)

    def path(self, digest: str) -> Path:
        """The blob's own file, after its bytes were verified; raises ``BlobCorrupt``."""
        for _ in self.stream(digest):
            pass
        return (self._root / key_of(digest)).absolute()

    def _chunks(self, digest: str) -> Iterator[bytes]:
        try:
            file = (self._root / key_of(digest)).open("rb")
        except FileNotFoundError:
            raise corrupt(digest, "nothing") from None
        with file:
            yield from iter(lambda: file.read(CHUNK), b"")


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
