"""No powers, and no way to gain any: capabilities dropped, no new privileges, memory closed to others."""

import ctypes
from pathlib import Path

from worker.runner.limits import Limits
from worker.runner.restrict import checked, layer, libc

_PR_GET_DUMPABLE, _PR_SET_DUMPABLE = 3, 4
_PR_SET_NO_NEW_PRIVS, _PR_GET_NO_NEW_PRIVS = 38, 39
_CAPABILITY_VERSION_3 = 0x20080522


class _Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


def _powerless(_: Limits) -> bool:
    status = Path("/proc/self/status").read_text().splitlines()
    held = {line.split(":")[0]: int(line.split(":")[1], 16) for line in status if line.startswith("Cap")}
    return held["CapEff"] == held["CapPrm"] == held["CapInh"] == 0


@layer("capabilities", holds=_powerless)
def _capabilities(_: Limits) -> None:
    # Ordinary users have none to drop; a worker that runs as root, in a container say, has.
    nothing = (ctypes.c_uint32 * 6)()
    checked(libc().capset(ctypes.byref(_Header(_CAPABILITY_VERSION_3, 0)), nothing), "capset")


@layer("nnp", holds=lambda _: libc().prctl(_PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1, reported=True)
def _no_new_privileges(_: Limits) -> None:
    checked(libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")


@layer("undumpable", holds=lambda _: libc().prctl(_PR_GET_DUMPABLE, 0, 0, 0, 0) == 0)
def _undumpable(_: Limits) -> None:
    # Runners of one worker share a user: without this, one could trace another and read what it works on.
    checked(libc().prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0), "prctl")
