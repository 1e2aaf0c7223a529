"""Stage 0 of a runner: it gives up what it does not need, in order, before anything else is imported.

Order matters: Landlock and seccomp bind the calling thread only, and numpy and torch start threads on import. Standard
library only, for the same reason. The layers themselves are in ``layers/``; a further one is one decorated function.
"""

import ctypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from worker.runner.limits import Limits

Apply = Callable[[Limits], None]
Probe = Callable[[Limits], bool]


@dataclass(frozen=True)
class Layer:
    """One restriction. ``holds`` tries what it forbids; ``reported`` ones make up the level that results carry.

    Without one that is ``courtesy`` a runner is confined all the same.
    """

    name: str
    apply: Apply
    holds: Probe
    reported: bool
    courtesy: bool


@dataclass(frozen=True)
class Confinement:
    """Layers in force, by name in their order, and why others are not."""

    in_force: tuple[str, ...]
    missing: Mapping[str, str]

    @property
    def level(self) -> str:
        """In one line, such as ``rlimits+nnp+landlock+seccomp``, with what is missing after it."""
        words = "+".join(name for name in self.in_force if LAYERS[name].reported) or "none"
        return words + (f" (without {listed(self.missing)})" if self.missing else "")


class LayersMissing(Exception):
    """Required layers that are not in force here, each with its reason."""

    def __init__(self, missing: Mapping[str, str]) -> None:
        super().__init__(listed(missing))
        self.missing = missing


LAYERS: dict[str, Layer] = {}
"""Every layer by name, in the order of application."""


def layer(name: str, *, holds: Probe, reported: bool = False, courtesy: bool = False) -> Callable[[Apply], Apply]:
    """Registers a layer under ``name``."""

    def register(function: Apply) -> Apply:
        LAYERS[name] = Layer(name, function, holds, reported, courtesy)
        return function

    return register


def restrict(limits: Limits) -> Confinement:
    """Applies every layer to this process, then tries each one; nothing that was given up can be had back.

    Raises ``LayersMissing`` if one that is not optional is not in force.
    """
    found = {name: _applied(entry, limits) for name, entry in LAYERS.items()}
    # Tried at the very end: a layer that a later one undoes would be none.
    found = {name: why or _tried(LAYERS[name], limits) for name, why in found.items()}
    missing = {name: why for name, why in found.items() if why}
    spared = {*limits.optional, *(name for name, entry in LAYERS.items() if entry.courtesy)}
    required = {name: why for name, why in missing.items() if name not in spared}
    if required:
        raise LayersMissing(required)
    return Confinement(tuple(name for name in found if name not in missing), missing)


def listed(missing: Mapping[str, str]) -> str:
    """Layers and their reasons, for people."""
    return "; ".join(f"{name}: {why}" for name, why in missing.items())


def libc() -> ctypes.CDLL:
    """The C library, keeping ``errno`` for ``checked``."""
    return ctypes.CDLL(None, use_errno=True)


def checked(result: int, call: str) -> int:
    """``result`` of a system call; raises ``OSError`` with its reason where it is negative."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: errno {number}")
    return result


def _applied(entry: Layer, limits: Limits) -> str:
    try:
        entry.apply(limits)
    except (OSError, ValueError, AttributeError, KeyError) as error:
        return _reason(error)
    return ""


def _tried(entry: Layer, limits: Limits) -> str:
    try:
        return "" if entry.holds(limits) else "applied, but what it forbids still works"
    except (OSError, ValueError, AttributeError, KeyError) as error:
        return _reason(error)


def _reason(error: Exception) -> str:
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return said[:120] or type(error).__name__
