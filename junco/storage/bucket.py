"""Blobs in S3-compatible, Google, Azure or in-memory storage, through obstore."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import obstore
from obstore.exceptions import GenericError
from obstore.store import ObjectStore, from_url

from junco.contract.errors import Unavailable
from junco.storage.blobs import CHUNK, Blobs, Kept, corrupt, key_of
from junco.storage.room import Limits

log = logging.getLogger(__name__)

_ASIDE = "quarantine"


class BucketBlobs(Blobs):
    """One object a blob. The store keeps what it has acknowledged: there is nothing to fsync but the spool file.

    Every method raises ``Unavailable`` where the store does not answer.
    """

    def __init__(self, store: ObjectStore, spool: Path, limits: Limits | None = None) -> None:
        super().__init__(spool, limits)
        self._store = store

    @classmethod
    def at(cls, url: str, spool: Path, limits: Limits | None = None) -> "BucketBlobs":
        """The store at ``url``; credentials come from the environment, as the provider's own tools read it."""
        return cls(from_url(url), spool, limits)

    def adopt(self, spooled: Path, digest: str) -> None:
        """Upload the file, in parts where it is large; readers see the object when it is whole."""
        with spooled.open("rb") as file, _reached():
            obstore.put(self._store, key_of(digest), file)

    def exists(self, digest: str) -> bool:
        """Whether there is such an object."""
        return self.age(digest) is not None

    def delete(self, digest: str) -> None:
        """Remove the object, if there."""
        try:
            with _reached():
                size = obstore.head(self._store, key_of(digest))["size"]
                obstore.delete(self._store, key_of(digest))
        except FileNotFoundError:
            return
        self.room.add(-size)

    def set_aside(self, digest: str) -> None:
        """Copy under the prefix ``quarantine``, then remove: object stores do not rename."""
        aside = f"{_ASIDE}/{key_of(digest).rpartition('/')[2]}"
        try:
            with _reached():
                obstore.copy(self._store, key_of(digest), aside)
                obstore.delete(self._store, key_of(digest))
        except FileNotFoundError:
            return  # another reader was quicker

    def quarantined(self) -> int:
        """Objects under the prefix ``quarantine``."""
        with _reached():
            return sum(len(batch) for batch in obstore.list(self._store, _ASIDE))

    def listing(self) -> Iterator[Kept]:
        """Every blob, in no order."""
        with _reached():
            for batch in obstore.list(self._store, "sha256"):
                for found in batch:
                    name = found["path"].rpartition("/")[2]
                    yield Kept("sha256:" + name, found["size"], _since(found["last_modified"]))

    def age(self, digest: str) -> float | None:
        """By the object's last modification."""
        try:
            with _reached():
                return _since(obstore.head(self._store, key_of(digest))["last_modified"])
        except FileNotFoundError:
            return None

    def _chunks(self, digest: str) -> Iterator[bytes]:
        try:
            with _reached():
                for chunk in obstore.get(self._store, key_of(digest)).stream(min_chunk_size=CHUNK):
                    yield bytes(chunk)
        except FileNotFoundError:
            raise corrupt(digest, "nothing") from None


@contextmanager
def _reached() -> Iterator[None]:
    """A store that is away is an outage of the store, by that name; what it says may hold hosts, so only the log has
    it."""
    try:
        yield
    except GenericError as error:
        log.error("the blob store does not answer: %s", error)
        raise Unavailable(
            "The blob store does not answer just now.",
            expected="a blob store in reach",
            found="none",
            remedy="Send the request again in a moment; with an Idempotency-Key it is done once.",
            stage="storage",
        ) from error


def _since(moment: datetime) -> float:
    return time.time() - moment.timestamp()
