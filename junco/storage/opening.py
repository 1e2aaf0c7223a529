"""Where the pieces are put together, for the service and the worker alike."""

import contextlib
from pathlib import Path

from junco.storage.blobs import Blobs
from junco.storage.bucket import BucketBlobs
from junco.storage.database import Database
from junco.storage.folder import FolderBlobs
from junco.storage.records import Records
from junco.storage.room import Limits
from junco.storage.settings import StorageSettings


def open_records(settings: StorageSettings) -> Records:
    """The records. An embedded installation upgrades its tables here; a distributed one must have been upgraded.

    Raises ``SchemaMismatch``.
    """
    # Unbounded: an upgrade takes as long as it takes, and processes that start meanwhile wait for its end.
    with contextlib.closing(Database(settings.database)) as patient:
        # Replicas of the version before may still be running there, so when to upgrade is for its operator to say.
        patient.prepare(upgrade=not settings.distributed)
    return Records(Database(settings.database, seconds=settings.database_seconds), settings)


def open_blobs(settings: StorageSettings) -> Blobs:
    """The blobs: a folder in home, or what ``blobs_url`` names."""
    blobs = _blobs(settings)
    if settings.store_bytes is not None:
        blobs.measure()
    return blobs


def _blobs(settings: StorageSettings) -> Blobs:
    url, limits = settings.blobs_url, Limits(settings.store_bytes, settings.spare_bytes)
    if url is None or url.startswith("file://"):
        root = Path((url or "").removeprefix("file://") or settings.home / "blobs")
        return FolderBlobs(root, root / "spool", limits)
    return BucketBlobs.at(url, settings.spool, limits)
