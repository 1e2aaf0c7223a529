"""API keys: ``jk_``, 16 digits by which the key is found, ``_``, 64 digits that prove it. 256 random bits need no slow
hash; the keyed one makes a stolen database worthless without the pepper, which is kept apart from it."""

import hashlib
import hmac
import os
import re
import secrets
from contextlib import suppress
from pathlib import Path

from junco.contract.errors import Unavailable
from junco.storage.keys import Minted

_KEY = re.compile(r"jk_([0-9a-f]{16})_([0-9a-f]{64})", re.ASCII)
_PEPPER_BYTES = 32


def mint(pepper: bytes) -> tuple[str, Minted]:
    """A new key as its owner gets it, and what is stored of it."""
    key_id, secret = secrets.token_hex(8), secrets.token_hex(32)
    return f"jk_{key_id}_{secret}", Minted(key_id, hashed(secret, pepper))


def parse(text: str) -> tuple[str, str] | None:
    """The id and the secret of what has the form of a key."""
    found = _KEY.fullmatch(text)
    return (found[1], found[2]) if found else None


def hashed(secret: str, pepper: bytes) -> str:
    """What is stored of a secret."""
    return hmac.new(pepper, secret.encode(), hashlib.sha256).hexdigest()


def proves(secret: str, stored: str | None, pepper: bytes) -> bool:
    """Whether the secret is the stored one's; takes as long where nothing is stored."""
    good = hmac.compare_digest(hashed(secret, pepper), stored or hashed("", pepper))
    return good and stored is not None


def pepper_at(path: Path) -> bytes:
    """The pepper in the file, made where there is none; raises ``Unavailable`` for a file that holds none.

    Replicas that start together end up with the same one: it gets its name whole, and once.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _once(path, secrets.token_hex(_PEPPER_BYTES))
    text = path.read_text().strip()
    if not re.fullmatch(r"[0-9a-f]{64,}", text):
        raise Unavailable("The pepper file holds no pepper.", expected="64 hexadecimal digits or more", found=path.name)
    return text.encode()


def write_secret(path: Path, text: str) -> None:
    """A file that only its owner reads; replaces what was there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    _once(path, text)


def _once(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another replica was first
            path.hardlink_to(draft)
    finally:
        draft.unlink()
