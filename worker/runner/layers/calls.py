"""seccomp: system calls that a runner has no use for fail, whatever code asks for them.

A list of what is refused rather than of what is allowed: C libraries, torch and onnxruntime change the calls that they
make from release to release. Calls newer than the table do not exist for a runner.
"""

import ctypes
import os
import platform
import socket

from worker.runner.layers.bpf import Program, assembled
from worker.runner.layers.syscalls import MACHINES
from worker.runner.limits import Limits
from worker.runner.restrict import checked, layer, libc

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2


class _Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]


def _no_network_and_no_processes(_: Limits) -> bool:
    return _refused(lambda: socket.socket(socket.AF_UNIX).close()) and _refused(lambda: os.execv("/", ["/"]))  # noqa: S606 - the probe


@layer("seccomp", holds=_no_network_and_no_processes, reported=True)
def _seccomp(limits: Limits) -> None:
    name = platform.machine()
    if name not in MACHINES:
        raise ValueError(f"no table of system calls for {name}")
    code = assembled(Program(MACHINES[name], pid=os.getpid(), on_cpu=limits.on_cpu))
    chain = _Filter(len(code) // 8, code)
    checked(libc().prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(chain), 0, 0), "seccomp")


def _refused(call: object) -> bool:
    assert callable(call)
    try:
        call()
    except PermissionError:
        return True
    except OSError:
        return False
    return False
