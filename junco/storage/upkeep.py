"""What operators do with the records: dead letters, and rounds of retention. Every call is short transactions."""

from junco.contract.resources import DeadLetter, Retried
from junco.storage import letters
from junco.storage.blobs import Blobs
from junco.storage.database import Database
from junco.storage.retention import Retained, retain
from junco.storage.settings import StorageSettings


class Upkeep:
    """Across all tenants: for operators, and for the process that keeps house."""

    def __init__(self, database: Database, settings: StorageSettings) -> None:
        self._database, self._settings = database, settings

    def dead_letters(self, *, after: str | None = None, size: int) -> list[DeadLetter]:
        """Work that failed for good, newest first, those older than the id ``after``."""
        with self._database.read() as connection:
            return letters.page(connection, after=after, size=size)

    def dead_letter_count(self) -> int:
        """How many there are."""
        with self._database.read() as connection:
            return letters.count(connection)

    def retry(self, letter: str) -> Retried:
        """Have a dead letter's work done again, by a new job or a new inspection; it is no dead letter then.

        Raises ``NotFound``, ``Conflict``, and what submitting raises.
        """
        with self._database.write() as connection:
            model = letters.get(connection, letter).model
            told = self._settings
            fresh = letters.retry(connection, letter, queue_seconds=told.queue_seconds, max_attempts=told.max_attempts)
            return Retried(validation=fresh, model=model)

    def retain(self, blobs: Blobs) -> Retained:
        """Remove what has grown old and what nothing refers to; measures the store on the way."""
        settings = self._settings
        return retain(self._database, blobs, days=settings.retention_days, orphan_seconds=settings.orphan_seconds)
