"""The shelf: records in SQL, bytes under their digests. No torch."""

from junco.storage.blobs import Blobs
from junco.storage.claim import Claim, Computed, Directive, Finalised, Inspected, Result, StoredFile
from junco.storage.glance import Glance, open_glance
from junco.storage.models import Upload
from junco.storage.opening import open_blobs, open_records
from junco.storage.records import Records, WorkerCard
from junco.storage.retention import Retained
from junco.storage.settings import StorageSettings
from junco.storage.sweep import Swept

__all__ = [
    "Blobs",
    "Claim",
    "Computed",
    "Directive",
    "Finalised",
    "Glance",
    "Inspected",
    "Records",
    "Result",
    "Retained",
    "StorageSettings",
    "StoredFile",
    "Swept",
    "Upload",
    "WorkerCard",
    "open_blobs",
    "open_glance",
    "open_records",
]
