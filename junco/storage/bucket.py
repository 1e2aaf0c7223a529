"""Blobs in S3-compatible, Google, Azure or in-memory storage, through obstore."""

from collections.abc import Iterator
from pathlib import Path

import obstore
from obstore.store import ObjectStore, from_url

from junco.storage.blobs import CHUNK, Blobs, corrupt, key_of


class BucketBlobs(Blobs):
    """One object a blob."""

    def __init__(self, store: ObjectStore, spool: Path) -> None:
        super().__init__(spool)
        self._store = store

    @classmethod
    def at(cls, url: str, spool: Path) -> "BucketBlobs":
        """The store at ``url``; credentials come from the environment, as the provider's own tools read it."""
        return cls(from_url(url), spool)

    def adopt(self, spooled: Path, digest: str) -> None:
        """Upload the file, in parts where it is large."""
        with spooled.open("rb") as file:
            obstore.put(self._store, key_of(digest), file)

    def exists(self, digest: str) -> bool:
        """Whether there is such an object."""
        try:
            obstore.head(self._store, key_of(digest))
        except FileNotFoundError:
            return False
        return True

    def delete(self, digest: str) -> None:
        """Remove the object, if there."""
        if self.exists(digest):
            obstore.delete(self._store, key_of(digest))

    def _chunks(self, digest: str) -> Iterator[bytes]:
        try:
            found = obstore.get(self._store, key_of(digest))
        except FileNotFoundError:
            raise corrupt(digest, "nothing") from None
        for chunk in found.stream(min_chunk_size=CHUNK):
            yield bytes(chunk)
