"""Bytes on their way to the store: hashed once, while they are written to a spool file."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO

from junco.storage.room import told_when_full


class Writer:
    """One write in flight; ``commit`` gives it its address. ``require`` is asked for room as the bytes come."""

    def __init__(
        self, file: IO[bytes], *, adopt: Callable[[Path, str], None], require: Callable[[int], None] | None = None
    ) -> None:
        self._file, self._hash = file, hashlib.sha256()
        self._adopt, self._require = adopt, require
        self.size = 0

    def write(self, chunk: bytes) -> None:
        """Append bytes; raises ``StorageFull``."""
        if self._require is not None:
            # The spool already holds what came before, so the disk must take this chunk alone; the store takes all.
            self._require(self.size + len(chunk))
        with told_when_full():
            self._file.write(chunk)
        self._hash.update(chunk)
        self.size += len(chunk)

    def commit(self) -> tuple[str, int]:
        """Store what was written; its digest and size in bytes. Raises ``StorageFull``."""
        digest = "sha256:" + self._hash.hexdigest()
        with told_when_full():
            self._file.flush()
            os.fsync(self._file.fileno())
            self._adopt(Path(self._file.name), digest)
        return digest, self.size
