"""From a table of system calls to a seccomp filter in classic BPF.

Kernel documentation: userspace-api/seccomp_filter.
"""

import errno
import struct
from dataclasses import dataclass

from worker.runner.layers.syscalls import ABSENT, DEVICE_NEEDS, REFUSED, Machine

_LOAD, _EQUAL, _GREATER, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x35, 0x45, 0x06
_ALLOW, _KILL_PROCESS, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND = 0, 4, 16, 24
"""Offsets in struct seccomp_data; of arguments the lower half, on machines that store it first."""
_X32 = 0x40000000
_CLONE_THREAD = 0x00010000
_CLONE_NAMESPACES = 0x7E020080
_PRCTL_REFUSED = (1, 4, 24, 0x59616D61)
"""PDEATHSIG, DUMPABLE, CAPBSET_DROP, PTRACER: what ties the runner to its parent and hides it stays as it is."""
_IOCTL_REFUSED = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX, which type into somebody's terminal."""

_Line = tuple[int, int, int, int]


@dataclass(frozen=True)
class Program:
    """What a filter depends on: the machine, the one process that may be signalled, and whether drivers are needed."""

    machine: Machine
    pid: int
    on_cpu: bool


def assembled(program: Program) -> bytes:
    """The filter, eight bytes an instruction."""
    machine = program.machine
    lines = [_load(_ARCHITECTURE), (_EQUAL, 1, 0, machine.architecture), _give(_KILL_PROCESS), _load(_NUMBER)]
    lines += _when(_AT_LEAST, _X32, _refuse(errno.ENOSYS)) + _when(_GREATER, machine.newest, _refuse(errno.ENOSYS))
    for name in ABSENT:
        lines += _on(machine, name, [_refuse(errno.ENOSYS)])
    for name in _refused(program):
        lines += _on(machine, name, [_refuse(errno.EPERM)])
    for name in ("kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"):
        lines += _on(machine, name, _only(program.pid))
    lines += _on(machine, "prlimit64", _only(0, program.pid))
    lines += _on(machine, "clone", _threads_only())
    lines += _on(machine, "prctl", _all_but(_FIRST, _PRCTL_REFUSED))
    lines += _on(machine, "ioctl", _all_but(_SECOND, _IOCTL_REFUSED))
    lines.append(_give(_ALLOW))
    return b"".join(struct.pack("=HBBI", *line) for line in lines)


def _refused(program: Program) -> list[str]:
    names = [name for group in REFUSED.values() for name in group]
    return names if program.on_cpu else [name for name in names if name not in DEVICE_NEEDS]


def _on(machine: Machine, name: str, body: list[_Line]) -> list[_Line]:
    """``body``, which must end in a return, for the call ``name``; nothing where the machine has no such call."""
    number = machine.numbers.get(name)
    return [] if number is None else [(_EQUAL, 0, len(body), number), *body]


def _only(*values: int) -> list[_Line]:
    return [_load(_FIRST), *(line for v in values for line in _when(_EQUAL, v, _give(_ALLOW))), _refuse(errno.EPERM)]


def _all_but(where: int, values: tuple[int, ...]) -> list[_Line]:
    refused = [line for value in values for line in _when(_EQUAL, value, _refuse(errno.EPERM))]
    return [_load(where), *refused, _give(_ALLOW)]


def _threads_only() -> list[_Line]:
    refuse_spaces = _when(_ANY_BIT, _CLONE_NAMESPACES, _refuse(errno.EPERM))
    return [_load(_FIRST), *refuse_spaces, *_when(_ANY_BIT, _CLONE_THREAD, _give(_ALLOW)), _refuse(errno.EPERM)]


def _when(test: int, value: int, then: _Line) -> list[_Line]:
    return [(test, 0, 1, value), then]


def _load(offset: int) -> _Line:
    return (_LOAD, 0, 0, offset)


def _refuse(number: int) -> _Line:
    return _give(_ERRNO | number)


def _give(value: int) -> _Line:
    return (_RETURN, 0, 0, value)
