"""Where the pieces are put together, for the service and the worker alike."""

from pathlib import Path

from junco.storage.blobs import Blobs
from junco.storage.bucket import BucketBlobs
from junco.storage.database import Database
from junco.storage.folder import FolderBlobs
from junco.storage.records import Records
from junco.storage.settings import StorageSettings


def open_records(settings: StorageSettings) -> Records:
    """The records; tables that are missing are created."""
    database = Database(settings.database)
    database.create()
    return Records(database, settings)


def open_blobs(settings: StorageSettings) -> Blobs:
    """The blobs: a folder in home, or what ``blobs_url`` names."""
    url = settings.blobs_url
    if url is None or url.startswith("file://"):
        root = Path((url or "").removeprefix("file://") or settings.home / "blobs")
        return FolderBlobs(root, root / "spool")
    return BucketBlobs.at(url, settings.spool)
