"""A runner whose engine tries what it may not do: ``confined.py LAYERS-TO-LEAVE-OUT LIBRARIES LIMITS``.

As root it first becomes nobody, so that what is refused is refused by the sandbox to an ordinary user. The task's
``model_path`` is a file of JSON that tells where the canaries are; the report says of each probe what came of it.
"""

import ctypes
import json
import os
import sys

NOBODY = 65534
_LIBC = ctypes.CDLL(None, use_errno=True)


def become_nobody(work: str) -> None:
    """Gives the work folder and then this process to nobody."""
    for folder in (work, f"{work}/out", f"{work}/tmp"):
        os.chown(folder, NOBODY, NOBODY)
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    _LIBC.prctl(4, 1, 0, 0, 0)  # a process that changed its user cannot read its own /proc entries; a fresh one can


def start(arguments: list[str]) -> int:
    """The child's life: without the layers in the first argument, with the libraries of the second."""
    without, libraries, *rest = arguments
    sys.path += [path for path in libraries.split(os.pathsep) if path not in sys.path]
    if os.geteuid() == 0:
        become_nobody(json.loads(rest[0])["work"])
    # Here, as the tests' folder cannot be read later.
    from tests.worker.probes.attempts import execute
    from worker.runner.child import main
    from worker.runner.restrict import LAYERS

    for name in filter(None, without.split(",")):
        del LAYERS[name]
    return main(rest, lambda: execute)


if __name__ == "__main__":
    sys.exit(start(sys.argv[1:]))
