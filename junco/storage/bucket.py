"""Blobs in S3-compatible, Google, Azure or in-memory storage, through obstore."""

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import obstore
from obstore.store import ObjectStore, from_url

from junco.storage.blobs import CHUNK, Blobs, Kept, corrupt, key_of
from junco.storage.room import Limits

_ASIDE = "quarantine"


class BucketBlobs(Blobs):
    """One object a blob. The store keeps what it has acknowledged: there is nothing to fsync but the spool file."""

    def __init__(self, store: ObjectStore, spool: Path, limits: Limits | None = None) -> None:
        super().__init__(spool, limits)
        self._store = store

    @classmethod
    def at(cls, url: str, spool: Path, limits: Limits | None = None) -> "BucketBlobs":
        """The store at ``url``; credentials come from the environment, as the provider's own tools read it."""
        return cls(from_url(url), spool, limits)

    def adopt(self, spooled: Path, digest: str) -> None:
        """Upload the file, in parts where it is large; readers see the object when it is whole."""
        with spooled.open("rb") as file:
            obstore.put(self._store, key_of(digest), file)

    def exists(self, digest: str) -> bool:
        """Whether there is such an object."""
        return self.age(digest) is not None

    def delete(self, digest: str) -> None:
        """Remove the object, if there."""
        try:
            size = obstore.head(self._store, key_of(digest))["size"]
        except FileNotFoundError:
            return
        obstore.delete(self._store, key_of(digest))
        self.room.add(-size)

    def set_aside(self, digest: str) -> None:
        """Copy under the prefix ``quarantine``, then remove: object stores do not rename."""
        aside = f"{_ASIDE}/{key_of(digest).rpartition('/')[2]}"
        try:
            obstore.copy(self._store, key_of(digest), aside)
            obstore.delete(self._store, key_of(digest))
        except FileNotFoundError:
            return  # another reader was quicker

    def quarantined(self) -> int:
        """Objects under the prefix ``quarantine``."""
        return sum(len(batch) for batch in obstore.list(self._store, _ASIDE))

    def listing(self) -> Iterator[Kept]:
        """Every blob, in no order."""
        for batch in obstore.list(self._store, "sha256"):
            for found in batch:
                name = found["path"].rpartition("/")[2]
                yield Kept("sha256:" + name, found["size"], _since(found["last_modified"]))

    def age(self, digest: str) -> float | None:
        """By the object's last modification."""
        try:
            return _since(obstore.head(self._store, key_of(digest))["last_modified"])
        except FileNotFoundError:
            return None

    def _chunks(self, digest: str) -> Iterator[bytes]:
        try:
            found = obstore.get(self._store, key_of(digest))
        except FileNotFoundError:
            raise corrupt(digest, "nothing") from None
        for chunk in found.stream(min_chunk_size=CHUNK):
            yield bytes(chunk)


def _since(moment: datetime) -> float:
    return time.time() - moment.timestamp()
