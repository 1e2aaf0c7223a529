"""How many bytes there is room for: the operator's limit on the store, and what must stay free on the disk."""

import errno
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from junco.contract.errors import StorageFull

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True)
class Limits:
    """In bytes: the most that the store may hold, if limited, and the least that stays free on the spool's disk."""

    store: int | None = None
    spare: int = 0


class Room:
    """What is used, as last measured in the store, and as this process has added and removed since."""

    def __init__(self, limits: Limits, disk: Path) -> None:
        self.limits, self._disk = limits, disk
        self._used = 0
        self._lock = threading.Lock()

    @property
    def used(self) -> int:
        """Bytes in the store. Other processes' show at the next measurement, so a limit is kept to within these."""
        return self._used

    def measured(self, used: int) -> None:
        """Take what a listing of the store has found."""
        with self._lock:
            self._used = used

    def add(self, size: int) -> None:
        """Count bytes that this process has stored, or with a negative size removed."""
        with self._lock:
            self._used = max(self._used + size, 0)

    def require(self, size: int) -> None:
        """Raise ``StorageFull`` unless ``size`` more bytes fit."""
        limit = self.limits.store
        if limit is not None and self._used + size > limit:
            raise StorageFull(
                "The store holds as much as it may.",
                expected=f"at most {limit} bytes in all",
                found=f"{self._used} bytes stored and {size} more",
                remedy="Delete models and validations that are no longer needed, or raise JUNCO_STORE_BYTES.",
                stage="storage",
            )
        if self.limits.spare and self._free() < size + self.limits.spare:
            raise disk_full(f"{self._free()} bytes free, {size} more asked for")

    def _free(self) -> int:
        there = next(folder for folder in (self._disk, *self._disk.absolute().parents) if folder.exists())
        return shutil.disk_usage(there).free


@contextmanager
def told_when_full() -> Iterator[None]:
    """Turn the system's word for a full disk into ``StorageFull``."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise disk_full(str(error)) from error


def disk_full(found: str) -> StorageFull:
    """The error for a disk without room."""
    return StorageFull(
        "The disk is full.",
        expected="room for the upload, and what JUNCO_SPARE_BYTES keeps free",
        found=found,
        remedy="Make room on the disk; reading and canceling work meanwhile.",
        stage="storage",
    )
