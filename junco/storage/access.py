"""The records of access: keys and the log. Every method is one transaction."""

from dataclasses import dataclass

from sqlalchemy import insert, select

from junco.contract.access import AuditEntry, KeyRequest, KeyResource
from junco.storage import keys
from junco.storage.access_tables import audit
from junco.storage.database import Database, clock
from junco.storage.keys import Minted, StoredKey
from junco.storage.rows import moment
from junco.storage.work import new_id


@dataclass(frozen=True)
class Deed:
    """What the log is told; texts longer than their columns are cut."""

    tenant: str
    key: str
    action: str
    object: str
    status: int
    address: str
    request_id: str


class Access:
    """Keys and the log of what was done with them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, minted: Minted, request: KeyRequest) -> KeyResource:
        """Keep a new key."""
        with self._database.write() as connection:
            return keys.add(connection, minted, request)

    def add_first(self, minted: Minted, request: KeyRequest) -> KeyResource | None:
        """Keep the key if no administrator's key is good; None if one is. Safe when several processes start."""
        with self._database.write() as connection:
            self._database.lock_startup(connection)
            return keys.add_first(connection, minted, request)

    def find(self, key_id: str) -> StoredKey | None:
        """A key that is good now."""
        with self._database.read() as connection:
            return keys.find(connection, key_id)

    def keys(self) -> tuple[KeyResource, ...]:
        """Every key, newest first."""
        with self._database.read() as connection:
            return keys.page(connection)

    def revoke(self, key_id: str) -> None:
        """End a key now; raises ``NotFound``."""
        with self._database.write() as connection:
            keys.revoke(connection, key_id)

    def rotate(self, key_id: str, minted: Minted, *, overlap_seconds: float) -> KeyResource:
        """A new key like the old one, which ends after the overlap; raises ``NotFound``, ``Conflict``."""
        with self._database.write() as connection:
            return keys.rotate(connection, key_id, minted, overlap_seconds=overlap_seconds)

    def log(self, deed: Deed) -> None:
        """Add a line to the log; there is no way to change or remove one."""
        with self._database.write() as connection:
            connection.execute(
                insert(audit).values(
                    id=new_id(),
                    time=clock(),
                    tenant=deed.tenant,
                    key=deed.key,
                    action=plain(deed.action, 160),
                    object=plain(deed.object, 255),
                    status=deed.status,
                    address=plain(deed.address, 64),
                    request_id=deed.request_id,
                )
            )

    def logged(self, *, after: str | None, size: int) -> tuple[AuditEntry, ...]:
        """The log, newest first, lines older than the id ``after``."""
        query = select(audit).order_by(audit.c.id.desc()).limit(size)
        query = query if after is None else query.where(audit.c.id < after)
        with self._database.read() as connection:
            rows = connection.execute(query).mappings()
            return tuple(AuditEntry(**{**row, "time": moment(row["time"])}) for row in rows)


def plain(text: str, most: int) -> str:
    """Text as a line of a log may hold it: control characters escaped, cut to length."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in text)[:most]
