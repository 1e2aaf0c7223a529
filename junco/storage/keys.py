"""API keys: hashes of their secrets, and until when they are good by the database's clock."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, insert, or_, select, update

from junco.contract.access import KeyRequest, KeyResource, Scope
from junco.contract.errors import Conflict, NotFound
from junco.storage.access_tables import keys
from junco.storage.database import clock
from junco.storage.quotas import add_tenant
from junco.storage.rows import Row, moment
from junco.storage.work import new_id


@dataclass(frozen=True)
class Minted:
    """A new key's public half and the hash of its secret."""

    id: str
    hash: str


@dataclass(frozen=True)
class StoredKey:
    """What a request is checked against; ``seconds_left`` from when it was read, None for ever."""

    id: str
    hash: str
    tenant: str
    scope: Scope
    seconds_left: float | None


def add(connection: Connection, minted: Minted, request: KeyRequest) -> KeyResource:
    """Keep a new key."""
    add_tenant(connection, request.tenant)
    seconds = request.expires_in_seconds
    connection.execute(
        insert(keys).values(
            id=minted.id,
            serial=new_id(),
            hash=minted.hash,
            name=request.name,
            tenant=request.tenant,
            scope=request.scope,
            create_time=clock(),
            expire_time=None if seconds is None else clock() + seconds,
        )
    )
    return shown(row_of(connection, minted.id))


def add_first(connection: Connection, minted: Minted, request: KeyRequest) -> KeyResource | None:
    """Keep the key if no administrator's key is good; None if one is."""
    query = select(keys.c.id).where(keys.c.scope == Scope.ADMIN, _good()).limit(1)
    return add(connection, minted, request) if connection.execute(query).first() is None else None


def find(connection: Connection, key_id: str) -> StoredKey | None:
    """A key that is good now."""
    left = (keys.c.expire_time - clock()).label("left")
    row = connection.execute(select(keys, left).where(keys.c.id == key_id, _good())).mappings().first()
    if row is None:
        return None
    return StoredKey(row["id"], row["hash"], row["tenant"], Scope(row["scope"]), row["left"])


def page(connection: Connection) -> tuple[KeyResource, ...]:
    """Every key, newest first."""
    rows = connection.execute(select(keys).order_by(keys.c.serial.desc())).mappings()
    return tuple(shown(row) for row in rows)


def revoke(connection: Connection, key_id: str) -> None:
    """End a key now; twice is no error. Raises ``NotFound``."""
    row_of(connection, key_id)
    _set(connection, key_id, keys.c.revoke_time.is_(None), revoke_time=clock())


def rotate(connection: Connection, key_id: str, minted: Minted, *, overlap_seconds: float) -> KeyResource:
    """A new key like the old one, which ends after the overlap; raises ``NotFound``, ``Conflict`` for one that ended.

    A key with a limited life gives its successor a life as long.
    """
    row = connection.execute(select(keys).where(keys.c.id == key_id).with_for_update()).mappings().first()
    if row is None:
        raise _missing(key_id)
    if find(connection, key_id) is None:
        raise Conflict(
            "The key has ended.", expected="a key that is good", found="revoked or expired", remedy="Create a new one."
        )
    life = None if row["expire_time"] is None else max(60, round(row["expire_time"] - row["create_time"]))
    request = KeyRequest(name=row["name"], tenant=row["tenant"], scope=row["scope"], expires_in_seconds=life)
    end = clock() + overlap_seconds
    _set(connection, key_id, or_(keys.c.expire_time.is_(None), keys.c.expire_time > end), expire_time=end)
    return add(connection, minted, request)


def row_of(connection: Connection, key_id: str) -> Row:
    """A key's row; raises ``NotFound``."""
    row = None if "\0" in key_id else connection.execute(select(keys).where(keys.c.id == key_id)).mappings().first()
    if row is None:
        raise _missing(key_id)
    return row


def shown(row: Row) -> KeyResource:
    """A key as administrators see it."""
    return KeyResource(
        id=row["id"],
        name=row["name"],
        tenant=row["tenant"],
        scope=Scope(row["scope"]),
        create_time=moment(row["create_time"]),
        expire_time=None if row["expire_time"] is None else moment(row["expire_time"]),
        revoke_time=None if row["revoke_time"] is None else moment(row["revoke_time"]),
    )


def _good() -> Any:
    return and_(keys.c.revoke_time.is_(None), or_(keys.c.expire_time.is_(None), keys.c.expire_time > clock()))


def _set(connection: Connection, key_id: str, when: Any, **values: Any) -> None:
    connection.execute(update(keys).where(keys.c.id == key_id, when).values(**values))


def _missing(key_id: str) -> NotFound:
    return NotFound(f"There is no key {key_id[:40]!r}.", expected="the id of a key", found=key_id[:40])
