"""The seccomp filter of every machine, run by an interpreter of our own: what each call comes to, without making it."""

import errno
import struct

import pytest

from worker.runner.layers.bpf import Program, assembled
from worker.runner.layers.syscalls import ABSENT, DEVICE_NEEDS, MACHINES, REFUSED

ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
EPERM, ENOSYS = ERRNO | errno.EPERM, ERRNO | errno.ENOSYS
PID = 4711
NAMES = [name for group in REFUSED.values() for name in group]
machines = pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)


def verdict(code: bytes, number: int, *arguments: int, architecture: int) -> int:
    """What the kernel would do: loads, jumps and returns of classic BPF."""
    padded = (*arguments, *[0] * (6 - len(arguments)))
    data = struct.pack("<IIQ6Q", number & 0xFFFFFFFF, architecture, 0, *padded)
    lines = list(struct.iter_unpack("=HBBI", code))
    held, at = 0, 0
    while True:
        operation, yes, no, value = lines[at]
        at += 1
        if operation == 0x20:
            (held,) = struct.unpack_from("<I", data, value)
        elif operation == 0x06:
            return value
        else:
            holds = {0x15: held == value, 0x25: held > value, 0x35: held >= value, 0x45: bool(held & value)}[operation]
            at += yes if holds else no


def asked(machine, name, *arguments, on_cpu=True):
    code = assembled(Program(machine, pid=PID, on_cpu=on_cpu))
    number = machine.numbers[name] if isinstance(name, str) else name
    return verdict(code, number, *arguments, architecture=machine.architecture)


@machines
def test_every_call_of_the_table_is_refused_and_the_absent_ones_do_not_exist(machine):
    assert {asked(machine, name) for name in NAMES if name in machine.numbers} == {EPERM}
    assert {asked(machine, name) for name in ABSENT} == {ENOSYS}


@machines
def test_ordinary_calls_are_allowed(machine):
    """Control: read, write, mmap, futex and their like are not in the table, whatever they are handed."""
    ordinary = {"x86_64": (0, 1, 9, 10, 202, 257), "aarch64": (56, 63, 64, 98, 222, 226)}
    (name,) = [name for name, known in MACHINES.items() if known is machine]
    assert {asked(machine, number, 1, 2, 3) for number in ordinary[name]} == {ALLOW}


@machines
def test_calls_of_other_machines_end_the_process_and_unknown_ones_do_not_exist(machine):
    """Through the 32-bit entry the numbers mean other calls; newer kernels have calls that nobody here has read."""
    code = assembled(Program(machine, pid=PID, on_cpu=True))
    assert verdict(code, 1, architecture=0x40000003) == KILL
    assert asked(machine, machine.newest + 1) == ENOSYS
    assert asked(machine, 0x40000000 | 59) == ENOSYS
    assert asked(machine, 0xFFFFFFFF) == ENOSYS


@machines
def test_threads_are_started_and_processes_and_namespaces_are_not(machine):
    assert asked(machine, "clone", 0x003D0F00) == ALLOW  # what a C library passes for a thread
    assert asked(machine, "clone", 17) == EPERM  # fork
    assert asked(machine, "clone", 0x00004111) == EPERM  # vfork
    assert asked(machine, "clone", 0x00010000 | 0x10000000) == EPERM  # a thread in a user namespace of its own


@machines
def test_only_the_process_itself_is_signalled_and_bounded(machine):
    for name in ("kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"):
        assert asked(machine, name, PID) == ALLOW
        assert {asked(machine, name, other) for other in (0, 1, PID - 1, 0xFFFFFFFF)} == {EPERM}
    assert (asked(machine, "prlimit64", 0), asked(machine, "prlimit64", 1)) == (ALLOW, EPERM)


@machines
def test_ties_to_the_parent_stay_and_terminals_are_not_typed_into(machine):
    assert {asked(machine, "prctl", option) for option in (1, 4, 24, 0x59616D61)} == {EPERM}
    assert asked(machine, "prctl", 15) == ALLOW  # naming a thread
    assert (asked(machine, "ioctl", 0, 0x5412), asked(machine, "ioctl", 0, 0x5401)) == (EPERM, ALLOW)


@machines
def test_a_device_gets_what_its_driver_needs_and_no_more(machine):
    allowed = {name for name in NAMES if name in machine.numbers and asked(machine, name, on_cpu=False) == ALLOW}
    assert allowed == DEVICE_NEEDS


def test_every_refused_call_is_known_to_at_least_one_machine():
    """A misspelt name would refuse nothing."""
    known = set().union(*(machine.numbers for machine in MACHINES.values()))
    assert set(NAMES) | set(ABSENT) == known - {
        *("kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "prlimit64", "clone", "prctl", "ioctl")
    }
