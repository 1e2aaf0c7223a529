"""Which scope a request needs. What no rule names needs an administrator."""

import re

from junco.contract.access import Scope

_OPEN = frozenset(("/", "/livez", "/readyz", "/docs", "/openapi.json"))
_ADMINISTRATION = re.compile(r"/v1/(keys|audit|dead-letters)([/:].*)?", re.DOTALL)
_ALWAYS_AUDITED = re.compile(r"/v1/(keys|audit)([/:].*)?", re.DOTALL)
_READING = frozenset(("GET", "HEAD"))
_TELLING_MORE = frozenset(("/readyz",))


def needed(method: str, path: str) -> Scope | None:
    """The scope that a request needs; None if everybody may."""
    if path in _OPEN and method in _READING:
        return None
    if not path.startswith("/v1/") or _ADMINISTRATION.fullmatch(path):
        return Scope.ADMIN
    return Scope.READ if method in _READING else Scope.SUBMIT


def tells_more(path: str) -> bool:
    """Whether what everybody may ask is answered in more detail to whoever has a good key."""
    return path in _TELLING_MORE


def is_audited(method: str, path: str) -> bool:
    """Whether the log tells of the request, however it ends."""
    return method not in _READING or _ALWAYS_AUDITED.fullmatch(path) is not None
