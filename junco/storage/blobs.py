"""Content-addressed bytes: the port, and what every store shares.

Bytes are hashed once, while they are written to a spool file; they are verified on every read.
"""

import hashlib
import os
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from junco.contract.errors import BlobCorrupt, Unavailable

CHUNK = 1 << 20


class Writer:
    """One upload in flight; ``commit`` gives it its address."""

    def __init__(self, blobs: "Blobs", file: IO[bytes]) -> None:
        self._blobs, self._file, self._hash = blobs, file, hashlib.sha256()
        self.size = 0

    def write(self, chunk: bytes) -> None:
        """Append bytes."""
        self._file.write(chunk)
        self._hash.update(chunk)
        self.size += len(chunk)

    def commit(self) -> tuple[str, int]:
        """Store what was written; its digest and size in bytes."""
        self._file.flush()
        os.fsync(self._file.fileno())
        digest = "sha256:" + self._hash.hexdigest()
        self._blobs.adopt(Path(self._file.name), digest)
        return digest, self.size


class Blobs(ABC):
    """A store of immutable bytes under their sha256."""

    def __init__(self, spool: Path) -> None:
        self._spool = spool

    def clear_spool(self, *, older_than_seconds: float) -> int:
        """Remove what uploads of processes that died have left; how many files."""
        limit = time.time() - older_than_seconds
        old = [path for path in self._spool.glob("up-*") if path.stat().st_mtime < limit]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    @contextmanager
    def writer(self) -> Iterator[Writer]:
        """A new upload; nothing remains of it unless it is committed."""
        self._spool.mkdir(parents=True, exist_ok=True)
        file = tempfile.NamedTemporaryFile(dir=self._spool, prefix="up-", delete=False)  # noqa: SIM115 - may be renamed
        try:
            with file:
                yield Writer(self, file)
        finally:
            Path(file.name).unlink(missing_ok=True)

    def put_stream(self, chunks: Iterable[bytes]) -> tuple[str, int]:
        """Store a stream; its digest and size in bytes."""
        with self.writer() as writer:
            for chunk in chunks:
                writer.write(chunk)
            return writer.commit()

    def put_file(self, path: Path) -> tuple[str, int]:
        """Store a file's bytes; their digest and size."""
        with path.open("rb") as file:
            return self.put_stream(iter(lambda: file.read(CHUNK), b""))

    def read(self, digest: str) -> bytes:
        """All bytes, verified; raises ``BlobCorrupt``."""
        return b"".join(self.stream(digest))

    def stream(self, digest: str) -> Iterator[bytes]:
        """The bytes in order; raises ``BlobCorrupt`` at the end if they are not what was stored."""
        found = hashlib.sha256()
        for chunk in self._chunks(digest):
            found.update(chunk)
            yield chunk
        if "sha256:" + found.hexdigest() != digest:
            raise corrupt(digest, "sha256:" + found.hexdigest())

    def fetch(self, digest: str, to: Path) -> Path:
        """Copy to the file ``to``, verified; raises ``BlobCorrupt`` and leaves no file then."""
        try:
            with to.open("wb") as file:
                for chunk in self.stream(digest):
                    file.write(chunk)
        except BaseException:
            to.unlink(missing_ok=True)
            raise
        return to

    def path(self, digest: str) -> Path | None:  # noqa: ARG002 - the port's signature
        """The verified bytes as a read-only local file where the store has one; raises ``BlobCorrupt``."""
        return None

    def require(self, digest: str) -> None:
        """Raise ``Unavailable`` if the bytes went away since they were stored."""
        if not self.exists(digest):
            raise Unavailable("The upload met a deletion of the same bytes.", remedy="Upload again.", stage="storage")

    def check(self) -> None:
        """Write, read and remove a few bytes; raises whatever the store raises."""
        digest, _ = self.put_stream([b"junco readiness probe"])
        self.read(digest)

    @abstractmethod
    def adopt(self, spooled: Path, digest: str) -> None:
        """Make a finished spool file the blob ``digest``."""

    @abstractmethod
    def exists(self, digest: str) -> bool:
        """Whether there are bytes under this address."""

    @abstractmethod
    def delete(self, digest: str) -> None:
        """Remove the bytes, if there."""

    @abstractmethod
    def _chunks(self, digest: str) -> Iterator[bytes]:
        """Unverified bytes; raises ``BlobCorrupt`` if there are none."""


def key_of(digest: str) -> str:
    """Where a digest is kept, relative to the store's root; raises ``ValueError`` for anything but a digest."""
    name = digest.removeprefix("sha256:")
    if len(name) != 64 or not set(name) <= set("0123456789abcdef"):
        raise ValueError(f"{digest!r} is not a sha256 digest")
    return f"sha256/{name[:2]}/{name}"


def corrupt(digest: str, found: str) -> BlobCorrupt:
    """The error for bytes that are not what was stored."""
    return BlobCorrupt(
        f"The stored bytes of {digest} are damaged.",
        expected=digest,
        found=found,
        remedy="Delete the resource and upload it again.",
        stage="storage",
    )
