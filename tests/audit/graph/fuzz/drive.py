"""Starts children over spoilt files, and says what came of each."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[4]
SECONDS = 10.0
"""Processor time that one file may take."""
_WALL = 90.0
"""Seconds without a word after which a child is ended: the machine may be busy, so far more than the above."""


@dataclass(frozen=True)
class Result:
    """What came of one file: a code of Junco's, ``accepted``, ``UNNAMED ...``, ``crashed ...`` or ``hung``."""

    number: int
    name: str
    code: str
    said: str = ""
    seconds: float = 0.0

    @property
    def bad(self) -> bool:
        """Whether the file ended in anything else than a model or a named refusal in time."""
        return self.code.startswith(("UNNAMED", "crashed", "hung", "INTERNAL")) or self.seconds > SECONDS


def results(first: int, count: int) -> Iterator[Result]:
    """Results of files ``first`` to ``first + count``; a child that dies is followed by one for the rest."""
    end = first + count
    while first < end:
        last = first
        for result in _child(first, end - first):
            last = result.number
            yield result
        first = last + 1


def _child(first: int, count: int) -> Iterator[Result]:
    command = [sys.executable, "-m", "tests.audit.graph.fuzz.child", str(first), str(count)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as child:
        begun: dict[str, object] | None = None
        ended = first - 1
        for line in _lines(child):
            if "code" in line:
                begun, ended = None, int(str(line["number"]))
                yield Result(
                    ended, str(line["name"]), str(line["code"]), str(line["said"]), float(str(line["seconds"]))
                )
            else:
                begun = line
        alive = child.poll() is None and begun is not None
        child.kill()
        status = child.wait()
    if ended < first + count - 1:
        known = begun or {"number": ended + 1, "name": "nothing: the child did not start"}
        yield Result(int(str(known["number"])), str(known["name"]), "hung" if alive else f"crashed {status}")


def _lines(child: "subprocess.Popen[bytes]") -> Iterator[dict[str, object]]:
    """What the child says, until it ends or falls silent."""
    assert child.stdout is not None
    descriptor, pending = child.stdout.fileno(), b""
    silent_until = time.monotonic() + _WALL
    while time.monotonic() < silent_until:
        if not select.select([descriptor], [], [], 1.0)[0]:
            continue
        data = os.read(descriptor, 1 << 16)
        if not data:
            child.wait()
            return
        silent_until = time.monotonic() + _WALL
        *whole, pending = (pending + data).split(b"\n")
        yield from map(json.loads, whole)
