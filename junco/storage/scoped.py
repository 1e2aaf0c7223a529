"""Tenants: each has rows of its own, even about the same bytes, so that none can tell what another has uploaded.

A digest names a row within a tenant. In the tables the key of the default tenant's row is the digest itself; any
other's is the digest in base64, then ``@`` and the tenant, which takes no more characters.
"""

import base64

from sqlalchemy import Column, ColumnElement, Connection, or_, text

from junco.contract.access import DEFAULT_TENANT

_PREFIX = "sha256:"
_HEX_DIGITS = frozenset("0123456789abcdef")


def key_in(tenant: str, digest: str) -> str:
    """The key of the tenant's row about ``digest``; what is not a digest is the key of no row."""
    if not _is_digest(digest):
        return digest.replace("@", "?")  # it might be spelt like another tenant's key
    return digest if tenant == DEFAULT_TENANT else _stem(digest) + tenant


def digest_in(key: str) -> str:
    """The digest that a row's key is about."""
    stem, mark, _ = key.partition("@")
    return _PREFIX + base64.urlsafe_b64decode(stem + "=").hex() if mark else key


def tenant_in(key: str) -> str:
    """The tenant whose row a key is."""
    return key.partition("@")[2] or DEFAULT_TENANT


def about(column: Column[str], digest: str) -> ColumnElement[bool]:
    """Whether a row is about ``digest``, whichever tenant's it is."""
    return or_(column == digest, column.startswith(_stem(digest), autoescape=True))


def held_by(column: Column[str], tenant: str) -> ColumnElement[bool]:
    """Whether a row is the tenant's."""
    if tenant == DEFAULT_TENANT:
        return column.startswith(_PREFIX)
    return column.endswith("@" + tenant, autoescape=True)


def lock_digest(connection: Connection, digest: str) -> None:
    """Nobody else adds or removes rows about these bytes until the transaction ends; taken before any row's lock.

    Rows of several tenants share one blob, so no row's lock would do. SQLite has one writer anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:digest))"), {"digest": digest})


def _is_digest(text: str) -> bool:
    digits = text.removeprefix(_PREFIX)
    return text.startswith(_PREFIX) and len(digits) == 64 and set(digits) <= _HEX_DIGITS


def _stem(digest: str) -> str:
    return base64.urlsafe_b64encode(bytes.fromhex(digest.removeprefix(_PREFIX))).decode().rstrip("=") + "@"
