"""Landlock: a runner reads what Python and torch are made of and its own folder, and writes its scratch folders only.

Kernel documentation: userspace-api/landlock. Rights are handled as far as the kernel's version of the interface goes.
"""

import ctypes
import os
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from worker.runner.limits import Limits
from worker.runner.restrict import checked, layer, libc

_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446
_ASK_VERSION = 1
_PATH_BENEATH = 1
_READ_FILE, _READ_DIR, _WRITE_FILE = 1 << 2, 1 << 3, 1 << 1
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG = 1 << 4, 1 << 5, 1 << 7, 1 << 8
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_READ = _READ_FILE | _READ_DIR
_SCRATCH = _READ | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _REFER | _TRUNCATE
_DEVICE = _READ | _WRITE_FILE | _IOCTL_DEV
_ON_FILES = _READ_FILE | _WRITE_FILE | _TRUNCATE | _IOCTL_DEV
"""Rights that a rule on a single file may carry."""
_FS_RIGHTS = ((1, 13), (2, 14), (3, 15), (5, 16))
"""From which version on how many rights on files are known."""

WRITABLE = ("out", "tmp")
"""Folders inside a runner's own that it may write; the rest it may read, its inputs among them."""
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/etc/ld.so.conf")
_MACHINE = (
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
    "/sys/bus/pci",  # onnxruntime looks for accelerators there, and complains at length if it may not
    "/dev/urandom",
    "/dev/random",
    "/dev/zero",
    "/etc/localtime",
    "/usr/share/zoneinfo",
    "/usr/share/fonts",
)
_CUDA_READ = (
    "/sys",
    "/proc/driver",
    "/proc/devices",
    "/proc/modules",
    "/proc/sys/vm",
    "/usr/local/cuda",
    "/etc/nvidia",
)


class _Ruleset(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scope", ctypes.c_uint64)]


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("rights", ctypes.c_uint64), ("folder", ctypes.c_int32)]


def version() -> int:
    """The kernel's version of Landlock, 1 or more; raises ``OSError`` where it has none or it is switched off."""
    return checked(libc().syscall(_CREATE, None, ctypes.c_size_t(0), _ASK_VERSION), "landlock_create_ruleset")


def _cannot_look_around(_: Limits) -> bool:
    try:
        os.listdir("/")  # noqa: PTH208 - the plain system call is the probe
    except PermissionError:
        return True
    return False


@layer("landlock", holds=_cannot_look_around, reported=True)
def _landlock(limits: Limits) -> None:
    newest = version()
    handled = _Ruleset((1 << dict(_FS_RIGHTS)[max(v for v, _ in _FS_RIGHTS if v <= newest)]) - 1, 3, 3)
    size = 24 if newest >= 6 else 16 if newest >= 4 else 8
    ruleset = checked(
        libc().syscall(_CREATE, ctypes.byref(handled), ctypes.c_size_t(size), 0), "landlock_create_ruleset"
    )
    try:
        for path, rights in _rules(limits):
            _allow(ruleset, path, rights & handled.files)
        checked(libc().syscall(_RESTRICT, ruleset, 0), "landlock_restrict_self")
    finally:
        os.close(ruleset)


def _rules(limits: Limits) -> Iterator[tuple[str, int]]:
    for path in (*_code(), *_LIBRARIES, *_MACHINE):
        yield path, _READ
    yield "/dev/null", _READ | _WRITE_FILE
    if limits.work:
        yield limits.work, _READ
        yield from ((str(Path(limits.work) / name), _SCRATCH) for name in WRITABLE)
    if not limits.on_cpu:
        yield from ((path, _READ) for path in _CUDA_READ)
        yield from ((str(path), _DEVICE) for path in Path("/dev").glob("nvidia*"))


def _code() -> Iterator[str]:
    """Folders of Python, its libraries and this program; of the program's own root, names but no other content."""
    yield from {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    yield from {f"{sys.base_prefix}/lib", f"{sys.prefix}/pyvenv.cfg"}
    root = Path(__file__).parents[3]
    yield from (str(root / package) for package in ("junco", "worker"))
    yield from (
        path for path in sys.path if "site-packages" in path or "dist-packages" in path or "lib-dynload" in path
    )


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there need not be allowed
    try:
        rule = _Beneath(rights if Path(path).is_dir() else rights & _ON_FILES, handle)
        checked(libc().syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0), "landlock_add_rule")
    finally:
        os.close(handle)
