"""How this process keeps its memory: activations come and go, pass after pass, in the same few large sizes."""

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # names of malloc.h
_NEVER = 2**31 - 1


def keep_pages() -> bool:
    """Tell glibc to keep freed memory, in place of fresh zeroed pages for every large tensor; False elsewhere.

    Passes on a CPU take about a third less time. What a process has once used stays with it until it ends.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and all(
        mallopt(name, value) for name, value in ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, _NEVER))
    )
