"""What a runner takes while it works, looked at from outside, where no code of a model can reach."""

import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from junco.contract.errors import RunnerCrashed
from worker.runner.autopsy import out_of_memory
from worker.runner.limits import Limits
from worker.runner.outputs import MAX_FILES

MAX_THREADS = 512
"""Most threads of a runner: libraries start a few for each core, and a bomb thousands."""
MAX_ENTRIES = MAX_FILES + 1000
"""Most files and folders at one time: what may be handed in, and some temporary ones."""
_FOLDER_SECONDS = 1.0


@dataclass
class Watch:
    """The bounds that no rlimit draws: resident memory, threads, and the size of the work folder as a whole."""

    pid: int
    work: Path
    limits: Limits
    peak: int = 0
    _looked: float = field(default=0.0, repr=False)

    @property
    def starved(self) -> bool:
        """Whether the runner came near its limit of memory."""
        return self.peak > 0.9 * self.limits.memory_bytes

    def look(self) -> None:
        """Raises ``MemoryExceeded`` or ``RunnerCrashed`` once the runner takes more than it may."""
        memory, threads = _usage(self.pid)
        self.peak = max(self.peak, memory)
        if self.peak > self.limits.memory_bytes:
            raise out_of_memory(f"{self.peak} bytes resident, {self.limits.memory_bytes} allowed")
        if threads > MAX_THREADS:
            raise _too_much(f"at most {MAX_THREADS} threads", f"{threads}")
        if time.monotonic() - self._looked > _FOLDER_SECONDS:
            self._look_at_folder()
            # Measured from the end, so that a large folder cannot keep the worker busy with looking.
            self._looked = time.monotonic()

    def _look_at_folder(self) -> None:
        files = size = 0
        for entry in _everything(self.work):
            files, size = files + 1, size + _bytes_of(entry)
            if files > MAX_ENTRIES:
                raise _too_much(f"at most {MAX_ENTRIES} files", "more")
        if size > 2 * self.limits.file_bytes:
            raise _too_much(f"at most {2 * self.limits.file_bytes} bytes of files", f"{size} bytes")


def _usage(pid: int) -> tuple[int, int]:
    """Bytes that ``pid`` holds and no file backs, and its threads; zeros once it is dead."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0, 0
    memory = 1024 * sum(int(kib) for kib in re.findall(r"^Rss(?:Anon|Shmem):\s+(\d+)", status, re.MULTILINE))
    return memory, int((re.findall(r"^Threads:\s+(\d+)", status, re.MULTILINE) or [0])[0])


def _everything(work: Path) -> Iterator["os.DirEntry[str]"]:
    folders = [str(work / "out"), str(work / "tmp")]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    yield entry
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
        except OSError:
            continue  # removed, or not readable: what is in it still counts as its own entry


def _bytes_of(entry: "os.DirEntry[str]") -> int:
    try:
        return entry.stat(follow_symlinks=False).st_blocks * 512
    except OSError:
        return 0


def _too_much(expected: str, found: str) -> RunnerCrashed:
    return RunnerCrashed(
        "The process that held the model took more than it may and was stopped.",
        expected=expected,
        found=found,
        remedy="Export the model anew; a classifier needs no such thing.",
    )
