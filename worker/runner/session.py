"""One task, from the line that asks for it to the line that answers."""

import os
import sys
import traceback
from collections.abc import Callable

from junco.contract.errors import Internal, JuncoError, MemoryExceeded
from junco.contract.wire import Event, Finished, Refused, Task
from worker.runner.protocol import MAX_TASK_BYTES, Line, Ready

Emit = Callable[[Event], None]
Execute = Callable[[Task, Emit], tuple[str, ...]]
"""Does a task, reporting on the way; returns the names of the files that it wrote. Raises ``JuncoError``."""

_NO_MEMORY = ("can't allocate memory", "not enough memory", "out of memory", "bad_alloc", "cannot allocate memory")


def serve(load: Callable[[], Execute], *, level: str, channel: int) -> int:
    """Imports, says that it is ready, does one task and returns the exit status."""

    def send(line: Line) -> None:
        _write(channel, line.model_dump_json().encode() + b"\n")

    execute = load()
    send(Ready(sandbox=level))
    text = sys.stdin.buffer.readline(MAX_TASK_BYTES)
    if not text:
        return 0  # a spare that was never needed
    task = Task.model_validate_json(text).model_copy(update={"sandbox": level})
    send(_done(execute, task, send))
    return 0


def _done(execute: Execute, task: Task, emit: Emit) -> Finished | Refused:
    try:
        return Finished(files=execute(task, emit))
    except JuncoError as error:
        return Refused(problem=error.problem())
    except Exception as error:
        traceback.print_exc()
        return Refused(problem=_unforeseen(error).problem())


def _unforeseen(error: Exception) -> JuncoError:
    said = f"{type(error).__name__}: {error}"[:500]
    if isinstance(error, MemoryError) or any(words in said.lower() for words in _NO_MEMORY):
        return MemoryExceeded(
            "The work asked for more memory than a runner may have.",
            found=said,
            remedy="Use a smaller model or input, or raise the runner's memory limit.",
        )
    return Internal("The work ended with an error that Junco did not foresee.", found=said)


def _write(channel: int, data: bytes) -> None:
    while data:
        data = data[os.write(channel, data) :]
