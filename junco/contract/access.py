"""Who may do what: keys, scopes, tenants and the log of what was done."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from junco.contract.base import Frozen

DEFAULT_TENANT = "default"
"""Whose everything is while access control is off."""

Tenant = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,26}$")]
KeyName = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
YEAR = 366 * 86400


class Scope(StrEnum):
    """What a key is for. ``submit`` includes ``read``; ``admin`` includes both, and reaches every tenant's keys."""

    READ = "read"
    SUBMIT = "submit"
    ADMIN = "admin"

    def grants(self, needed: "Scope") -> bool:
        """Whether a key of this scope may do what needs ``needed``."""
        order = list(Scope)
        return order.index(self) >= order.index(needed)


class KeyRequest(Frozen):
    """A key as an administrator asks for it."""

    name: KeyName
    tenant: Tenant = DEFAULT_TENANT
    scope: Scope = Scope.SUBMIT
    expires_in_seconds: int | None = Field(default=None, ge=60, le=10 * YEAR, description="Absent: never.")


class RotationRequest(Frozen):
    """How long the old key still works beside the new one."""

    overlap_seconds: int = Field(default=86400, ge=0, le=YEAR)


class KeyResource(Frozen):
    """A key without its secret."""

    id: str
    name: str
    tenant: str
    scope: Scope
    create_time: datetime
    expire_time: datetime | None = None
    revoke_time: datetime | None = None


class NewKey(Frozen):
    """A key and its secret, which is told this once."""

    resource: KeyResource
    key: str = Field(description="Goes into the header Authorization: Bearer; the service keeps only a hash of it.")


class KeyList(Frozen):
    """Every key, newest first; revoked and expired ones too."""

    keys: tuple[KeyResource, ...]


class AuditEntry(Frozen):
    """One line of the log: who did what to what, when, and how it ended."""

    id: str
    time: datetime
    tenant: str
    key: str = Field(description="Id of the key; empty where there was none, or none that is known.")
    action: str = Field(description="Method and route.")
    object: str = Field(description="The path.")
    status: int
    address: str
    request_id: str


class AuditList(Frozen):
    """One page of the log, newest first."""

    entries: tuple[AuditEntry, ...]
    next_page_token: str = ""
