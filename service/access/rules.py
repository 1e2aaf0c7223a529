"""Which scope a request needs. What no rule names needs an administrator."""

from junco.contract.access import Scope

_OPEN = frozenset(("/", "/livez", "/readyz", "/docs", "/openapi.json"))
_ADMINISTRATION = ("/v1/keys", "/v1/audit", "/v1/dead-letters", "/metrics")
_READING = frozenset(("GET", "HEAD"))


def needed(method: str, path: str) -> Scope | None:
    """The scope that a request needs; None if everybody may."""
    if path in _OPEN and method in _READING:
        return None
    if not path.startswith("/v1/") or _is_under(path, _ADMINISTRATION):
        return Scope.ADMIN
    return Scope.READ if method in _READING else Scope.SUBMIT


def is_audited(method: str, path: str) -> bool:
    """Whether the log tells of the request, however it ends."""
    return method not in _READING or _is_under(path, ("/v1/keys", "/v1/audit"))


def _is_under(path: str, places: tuple[str, ...]) -> bool:
    return any(path == place or path.startswith((place + "/", place + ":")) for place in places)
