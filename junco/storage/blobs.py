"""Content-addressed bytes: the port, and what every store shares.

Bytes are hashed once, while they are written to a spool file; they are verified on every read, and moved aside when
they are not what was stored, so that storing them again heals.
"""

import hashlib
import logging
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from junco.contract.errors import BlobCorrupt, Unavailable
from junco.storage.room import Limits, Room
from junco.storage.writer import Writer

log = logging.getLogger(__name__)

CHUNK = 1 << 20


@dataclass(frozen=True)
class Kept:
    """A blob as a listing shows it; ``age`` in seconds since it was last stored, by the store's clock."""

    digest: str
    size: int
    age: float


class Blobs(ABC):
    """A store of immutable bytes under their sha256."""

    def __init__(self, spool: Path, limits: Limits | None = None) -> None:
        self._spool = spool
        self.room = Room(limits or Limits(), spool)

    def clear_spool(self, *, older_than_seconds: float) -> int:
        """Remove what uploads of processes that died have left; how many files."""
        limit, cleared = time.time() - older_than_seconds, 0
        for path in self._spool.glob("up-*"):
            with suppress(FileNotFoundError):  # its upload ended meanwhile
                if path.stat().st_mtime < limit:
                    path.unlink()
                    cleared += 1
        return cleared

    @contextmanager
    def writer(self, *, limited: bool = False) -> Iterator[Writer]:
        """A new write; nothing remains of it unless it is committed.

        ``limited``: refused with ``StorageFull`` where there is no room. Uploads are; results of accepted work are not.
        """
        self._spool.mkdir(parents=True, exist_ok=True)
        file = tempfile.NamedTemporaryFile(dir=self._spool, prefix="up-", delete=False)  # noqa: SIM115 - may be renamed
        try:
            with file:
                yield Writer(file, adopt=self._adopted, require=self.room.require if limited else None)
        finally:
            Path(file.name).unlink(missing_ok=True)

    def _adopted(self, spooled: Path, digest: str) -> None:
        size = spooled.stat().st_size
        new = self.room.limits.store is not None and not self.exists(digest)
        self.adopt(spooled, digest)
        self.room.add(size if new else 0)

    def measure(self) -> int:
        """Bytes in the store, by its own listing."""
        used = sum(kept.size for kept in self.listing())
        self.room.measured(used)
        return used

    def put_stream(self, chunks: Iterable[bytes], *, limited: bool = False) -> tuple[str, int]:
        """Store a stream; its digest and size in bytes."""
        with self.writer(limited=limited) as writer:
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
        """The bytes in order; raises ``BlobCorrupt`` at the end if they are not what was stored.

        Damaged bytes are moved aside. ``Unavailable`` if a second look finds them whole.
        """
        hashed = hashlib.sha256()
        for chunk in self._chunks(digest):
            hashed.update(chunk)
            yield chunk
        found = "sha256:" + hashed.hexdigest()
        if found != digest:
            raise self._damaged(digest, found)

    def _damaged(self, digest: str, found: str) -> BlobCorrupt | Unavailable:
        # Looked at twice: what flipped a bit may have been the memory or the wire, and good bytes must stay.
        again = hashlib.sha256()
        for chunk in self._chunks(digest):
            again.update(chunk)
        if "sha256:" + again.hexdigest() == digest:
            log.error("%s read as %s, and whole a moment later", digest, found)
            return Unavailable("Stored bytes arrived damaged.", expected=digest, found=found, stage="storage")
        log.error("%s is damaged (%s) and was moved aside", digest, found)
        self.set_aside(digest)
        return corrupt(digest, found)

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
    def set_aside(self, digest: str) -> None:
        """Move damaged bytes to where people can look at them and nothing reads them."""

    @abstractmethod
    def quarantined(self) -> int:
        """How many blobs were moved aside and are still there."""

    @abstractmethod
    def listing(self) -> Iterator[Kept]:
        """Every blob, in no order."""

    @abstractmethod
    def age(self, digest: str) -> float | None:
        """Seconds since the bytes were last stored, by the store's clock; None if there are none."""

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
        remedy="Upload the same file again: that puts good bytes in place.",
        stage="storage",
    )
