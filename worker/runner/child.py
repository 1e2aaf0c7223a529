"""The child's first steps: keep a private channel, restrict, and only then import what serves a task."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from worker.runner import layers as layers  # registers every layer of the sandbox
from worker.runner.limits import Limits
from worker.runner.restrict import LayersMissing, restrict

if TYPE_CHECKING:
    from worker.runner.session import Execute


def main(arguments: Sequence[str], load: "Callable[[], Execute]") -> int:
    """Serves one task with what ``load`` imports, and returns the exit status."""
    try:
        level = restrict(Limits.from_json(arguments[0])).level
    except LayersMissing as error:
        print(json.dumps({"missing": dict(error.missing)}), file=sys.stderr)  # noqa: T201 - the parent reads it
        return os.EX_UNAVAILABLE
    # After the restriction, as everything that may start a thread.
    from worker.runner.session import serve

    return serve(load, level=level, channel=_private_channel())


def _private_channel() -> int:
    """The pipe of events, moved out of reach of ``print``: from here on standard output is standard error."""
    channel = os.dup(1)
    os.dup2(2, 1)
    return channel
