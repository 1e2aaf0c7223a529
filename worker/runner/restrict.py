"""Stage 0 of a runner: it gives up what it does not need, in order, before anything else is imported.

Order matters: Landlock and seccomp bind the calling thread only, and numpy and torch start threads on import. Standard
library only, for the same reason. A further layer is one decorated function in this file's order.
"""

import ctypes
import os
import resource
import signal
from collections.abc import Callable
from pathlib import Path

from worker.runner.limits import Limits

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38

Layer = Callable[[Limits], None]
LAYERS: dict[str, Layer] = {}
"""Every layer by name, in the order of application."""
REPORTED = ("rlimits", "nnp", "landlock", "seccomp")
"""Layers that confine, and so belong to the sandbox level that results carry; the others are housekeeping."""


class LayerMissing(Exception):
    """A layer could not be applied here; carries its name."""

    def __init__(self, layer: str, cause: BaseException) -> None:
        super().__init__(f"{layer}: {cause}")
        self.layer = layer


def layer(name: str) -> Callable[[Layer], Layer]:
    """Registers a layer under ``name``."""

    def register(function: Layer) -> Layer:
        LAYERS[name] = function
        return function

    return register


def restrict(limits: Limits) -> str:
    """Applies every layer to this process and returns the level, such as ``rlimits+nnp``.

    Raises ``LayerMissing``. Nothing that was given up can be had back.
    """
    for name, function in LAYERS.items():
        try:
            function(limits)
        except (OSError, ValueError, AttributeError) as error:
            raise LayerMissing(name, error) from error
    return "+".join(name for name in REPORTED if name in LAYERS)


@layer("single_thread")
def _single_thread(_: Limits) -> None:
    tasks = len(list(Path("/proc/self/task").iterdir()))
    if tasks != 1:
        raise ValueError(f"{tasks} threads run already, and later layers would not bind them")


@layer("descriptors")
def _descriptors(_: Limits) -> None:
    os.closerange(3, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


@layer("session")
def _session(_: Limits) -> None:
    # The parent asks for a new session as it spawns, so that it can kill the group at once; by hand there is none yet.
    if os.getsid(0) != os.getpid():
        os.setsid()


@layer("death_signal")
def _death_signal(limits: Limits) -> None:
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # The parent may have died before the line above; then nobody would ever send the signal.
    if os.getppid() != limits.parent:
        raise ValueError(f"the parent {limits.parent} is gone")


@layer("umask")
def _umask(_: Limits) -> None:
    os.umask(0o077)


@layer("rlimits")
def _rlimits(limits: Limits) -> None:
    # DATA rather than AS: torch and CUDA reserve address space by the terabyte that they never write to.
    for what, most in (
        (resource.RLIMIT_DATA, limits.memory_bytes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_CPU, limits.cpu_seconds),
    ):
        hard = resource.getrlimit(what)[1]
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (bound, bound))


@layer("nnp")
def _no_new_privileges(_: Limits) -> None:
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def _prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option})")
