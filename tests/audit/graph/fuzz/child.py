"""``python -m tests.audit.graph.fuzz.child FIRST COUNT``: inspect that many spoilt files under a runner's limits.

Writes one JSON line before each file and one after it, so that whoever reads knows which one a crash belongs to.
"""

import json
import os
import resource
import sys
import time

import numpy as np

MEMORY = 2 << 30
"""Bytes that a file may take: the limit of a runner that is set tightly."""


def main(first: int, count: int) -> None:
    """Files ``first`` to ``first + count``; each depends on its number alone."""
    channel = os.dup(1)
    os.dup2(2, 1)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import torch

    torch.set_num_threads(1)
    from tests.audit.graph.fuzz import archives, graphs, raw, wire  # noqa: F401  # fills the registry
    from tests.audit.graph.fuzz.registry import spoilt
    from tests.audit.graph.fuzz.seeds import seeds

    valid = seeds()
    for number in range(first, first + count):
        name, data = spoilt(number, valid, np.random.default_rng([20, number]))
        _tell(channel, number=number, name=name, size=len(data))
        started = time.process_time()
        code, said = _outcome(data)
        _tell(channel, number=number, name=name, code=code, said=said, seconds=time.process_time() - started)


def _outcome(data: bytes) -> tuple[str, str]:
    from junco.audit.pipeline.inspect import inspect
    from junco.contract.errors import JuncoError

    try:
        inspect(data)
    except JuncoError as error:
        return error.code, f"{error.detail}: {error.found}"[:200]
    except Exception as error:
        return f"UNNAMED {type(error).__name__}", str(error)[:300]
    return "accepted", ""


def _tell(channel: int, **facts: object) -> None:
    os.write(channel, json.dumps(facts).encode() + b"\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
