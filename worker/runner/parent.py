"""The parent's side: starts a runner ahead of need, gives it one task, and sees to its end whatever happens."""

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from junco.contract.errors import DeadlineExceeded, Internal
from junco.contract.revive import revive
from junco.contract.wire import Advanced, Finished, Refused, Task
from worker.runner.autopsy import cause_of_death, oom_kills
from worker.runner.environment import clean_environment
from worker.runner.limits import CPU_GRACE_SECONDS, Limits
from worker.runner.outputs import checked
from worker.runner.pipes import Pipes
from worker.runner.protocol import Line, Ready
from worker.runner.watch import Watch

COMMAND = (sys.executable, "-I", "-m", "worker.runner")
"""-I: neither the environment nor the working folder may put code on the child's path."""
START_SECONDS = 90.0
_TICK = 0.1
_GRACE_SECONDS = 5.0


def _nothing() -> None: ...


class Runner:
    """One child, one task, one work folder: all three end together.

    The thread that constructs a runner must outlive it: the child's death signal is bound to that thread.
    """

    def __init__(self, limits: Limits, *, command: Sequence[str] = COMMAND) -> None:
        # The real path: a link on the way would be opened in the child, where it leads nowhere.
        self.work = Path(tempfile.mkdtemp(prefix=f"junco-runner-{limits.parent}-")).resolve()
        self.out, self._scratch = self.work / "out", self.work / "tmp"
        self.out.mkdir()
        self._scratch.mkdir()
        self._limits = limits = replace(limits, work=str(self.work))
        self.sandbox: str | None = None
        self._kills = oom_kills()
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, arguments of ours
            [*command, limits.to_json()],
            cwd=self._scratch,
            env=clean_environment(self._scratch, threads=limits.threads),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._pipes = Pipes(self._process.stdout, self._process.stderr)
        self._watch_over = Watch(self.pid, self.work, limits)

    @property
    def pid(self) -> int:
        """The child's process id, and its group's."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the child still runs."""
        return self._process.poll() is None

    def wait_ready(self, *, poll: Callable[[], None] = _nothing) -> str:
        """Waits until everything is imported; returns the sandbox level in force."""
        if self.sandbox is None:
            late = Internal("The runner did not start in time.", expected=f"ready within {START_SECONDS:g} s")
            first = next(self._lines(time.monotonic() + START_SECONDS, poll, late))
            if not isinstance(first, Ready):
                raise Internal("The runner's first word was not that it is ready.", found=first.event)
            self.sandbox = first.sandbox
        return self.sandbox

    def run(
        self,
        task: Task,
        *,
        deadline_s: float,
        on_event: Callable[[Advanced], None],
        poll: Callable[[], None] = _nothing,
    ) -> dict[str, Path]:
        """Has ``task`` done and returns its files by name; they live as long as the runner is not closed.

        ``poll`` is called several times a second, and what it raises ends the runner. Raises what the child refused
        with, ``DeadlineExceeded``, ``MemoryExceeded``, ``RunnerCrashed``, ``Unavailable`` or ``Internal``.
        """
        try:
            self.wait_ready(poll=poll)
            self._hand_over(task, deadline_s)
            finished = self._watch(deadline_s, on_event, poll)
            self._let_exit()
        finally:
            self.kill()
        return checked(self.out, finished.files, most_bytes=self._limits.file_bytes)

    def kill(self) -> None:
        """Ends the child and everything that it started, and reaps it."""
        # The group outlives its leader when the model has forked.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self._pipes.close()
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()

    def close(self) -> None:
        """Ends the child and removes the work folder."""
        self.kill()
        shutil.rmtree(self.work, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _hand_over(self, task: Task, deadline_s: float) -> None:
        # A backstop to the deadline below, should this process be stopped while the child runs on.
        seconds = min(self._limits.cpu_seconds, int(deadline_s * max(self._limits.threads, 1)) + 60)
        # Of a runner that changed its user, the bound cannot be lowered: it keeps the one that it gave itself.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            resource.prlimit(self.pid, resource.RLIMIT_CPU, (seconds, seconds + CPU_GRACE_SECONDS))
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # then it is dead, and the next read says why
            data = memoryview(task.model_dump_json().encode() + b"\n")
            while data:
                data = data[self._process.stdin.write(data) or 0 :]
            self._process.stdin.close()

    def _watch(self, deadline_s: float, on_event: Callable[[Advanced], None], poll: Callable[[], None]) -> Finished:
        late = DeadlineExceeded(
            "The work took longer than it may.",
            expected=f"at most {deadline_s:g} s",
            remedy="Ask for fewer images, methods or seeds, or for a longer timeout.",
        )
        for line in self._lines(time.monotonic() + deadline_s, poll, late):
            if isinstance(line, Refused):
                raise revive(line.problem)
            if isinstance(line, Finished):
                return line
            if isinstance(line, Advanced):
                on_event(line)
        raise AssertionError("the lines of a runner end with an error")

    def _lines(self, end: float, poll: Callable[[], None], late: Exception) -> Iterator[Line]:
        """Lines until the child's end, which is raised as the error that it means."""
        while self.alive and self._pipes.open:
            poll()
            self._watch_over.look()
            if time.monotonic() > end:
                raise late
            yield from self._pipes.read(_TICK)
        self._let_exit()
        yield from self._pipes.drain()
        starved = oom_kills() > self._kills or self._watch_over.starved
        raise cause_of_death(
            self._process.returncode, ready=self.sandbox is not None, noise=self._pipes.tail, starved=starved
        )

    def _let_exit(self) -> None:
        try:
            self._process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
