"""A process of its own: one thread, three descriptors, its own session, tied to its parent, with bounded resources."""

import contextlib
import ctypes
import os
import resource
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from worker.runner.limits import CPU_GRACE_SECONDS, GIB, Limits
from worker.runner.restrict import checked, layer, libc

_AUTOGROUP = Path("/proc/self/autogroup")
_TRIES = 5
_PR_SET_PDEATHSIG, _PR_GET_PDEATHSIG = 1, 2
_ADDRESS_SLACK = 32 * GIB
"""Address space beside data: libraries, files, and what allocators reserve a thread without writing to it."""


def _one_task(_: Limits) -> bool:
    return len(list(Path("/proc/self/task").iterdir())) == 1


@layer("single_thread", holds=_one_task)
def _single_thread(limits: Limits) -> None:
    if not _one_task(limits):
        raise ValueError("other threads run already, and later layers would not bind them")


def _only_standard(_: Limits) -> bool:
    # Every number in use, found without opening anything: fstat of a closed one fails.
    return not any(_is_open(number) for number in range(3, 64))


@layer("descriptors", holds=_only_standard)
def _descriptors(_: Limits) -> None:
    os.closerange(3, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


@layer("session", holds=lambda _: os.getsid(0) == os.getpid())
def _session(_: Limits) -> None:
    # The parent asks for a new session as it spawns, so that it can kill the group at once; by hand there is none yet.
    if os.getsid(0) != os.getpid():
        os.setsid()


def _is_bound(limits: Limits) -> bool:
    found = ctypes.c_int()
    checked(libc().prctl(_PR_GET_PDEATHSIG, ctypes.byref(found), 0, 0, 0), "prctl")
    return found.value == signal.SIGKILL and os.getppid() == limits.parent


@layer("death_signal", holds=_is_bound)
def _death_signal(limits: Limits) -> None:
    checked(libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
    # The parent may have died before the line above; then nobody would ever send the signal.
    if os.getppid() != limits.parent:
        raise ValueError(f"the parent {limits.parent} is gone")


@layer("umask", holds=lambda _: os.umask(0o077) == 0o077)
def _umask(_: Limits) -> None:
    os.umask(0o077)


@layer("oom_first", holds=lambda _: Path("/proc/self/oom_score_adj").read_text().strip() == "1000", courtesy=True)
def _oom_first(_: Limits) -> None:
    # The kernel then ends the runner when the container's memory is short, and not the worker beside it.
    Path("/proc/self/oom_score_adj").write_text("1000")


def _group_nice() -> int | None:
    """How nice the session is to other sessions; None where the kernel does not schedule by session."""
    try:
        _, found, nice = _AUTOGROUP.read_text().rpartition(" nice ")
    except OSError:
        return None
    return int(nice) if found else None


def _is_patient(limits: Limits) -> bool:
    group = _group_nice()
    return os.getpriority(os.PRIO_PROCESS, 0) >= limits.nice and (group is None or group >= limits.nice)


@layer("nice", holds=_is_patient, courtesy=True)
def _nice(limits: Limits) -> None:
    # What answers people, on the same machine, comes before what computes for minutes.
    os.setpriority(os.PRIO_PROCESS, 0, max(limits.nice, os.getpriority(os.PRIO_PROCESS, 0)))
    # A runner is a session of its own, and where the kernel shares cores out by session, being nice counts within it
    # alone: the session must be nice too. Ordinary users are told to come again, ten times a second.
    for _ in range(_TRIES):
        if _is_patient(limits):
            return
        with contextlib.suppress(BlockingIOError):
            _AUTOGROUP.write_text(str(limits.nice))
            return
        time.sleep(0.1)


def _bounds(limits: Limits) -> Iterator[tuple[int, int]]:
    yield resource.RLIMIT_DATA, limits.memory_bytes
    yield resource.RLIMIT_CORE, 0
    yield resource.RLIMIT_FSIZE, limits.file_bytes
    yield resource.RLIMIT_NOFILE, limits.open_files
    yield resource.RLIMIT_CPU, limits.cpu_seconds
    # DATA does not count shared memory, and AS does; but drivers reserve address space by the terabyte.
    if limits.on_cpu:
        yield resource.RLIMIT_AS, limits.memory_bytes + _ADDRESS_SLACK


def _is_bounded(limits: Limits) -> bool:
    held = [(resource.getrlimit(what), most) for what, most in _bounds(limits)]
    return all(0 <= soft <= most and hard != resource.RLIM_INFINITY for (soft, hard), most in held)


@layer("rlimits", holds=_is_bounded, reported=True)
def _rlimits(limits: Limits) -> None:
    for what, most in _bounds(limits):
        hard = resource.getrlimit(what)[1]
        # Of processor time, the hard bound comes a little later: the signal of the soft one says what was wrong.
        top = most + CPU_GRACE_SECONDS if what == resource.RLIMIT_CPU else most
        bound = top if hard == resource.RLIM_INFINITY else min(top, hard)
        resource.setrlimit(what, (min(most, bound), bound))


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
