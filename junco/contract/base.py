"""The frozen base of every message, and the digest ids they carry."""

import hashlib
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints


class Frozen(BaseModel):
    """Immutable data; unknown fields are errors, so that a misspelt option is never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
"""Content address of stored bytes: ``sha256:`` and 64 hexadecimal digits."""


def digest_of(data: bytes) -> str:
    """Content address of ``data``."""
    return "sha256:" + hashlib.sha256(data).hexdigest()
