"""Installations made of real processes: each with its own home, settings, logs and temporary folder."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.servers import free_port

PYTHON = sys.executable
JUNCO = str(Path(PYTHON).with_name("junco"))
QUIET = ("--concurrency", "1", "--without-gossip", "--without-mingle", "--loglevel", "INFO")


def environment(folder: Path, **settings: object) -> dict[str, str]:
    """This process's variables without Junco's own, and JUNCO_* of ``settings``; one thread each, so that results are
    the same bits whoever computes."""
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JUNCO_")}
    told = {f"JUNCO_{name.upper()}": str(value) for name, value in settings.items()}
    # Runners that stand back would be starved by whatever else a developer's machine does, and run into time limits.
    return (
        kept
        | {"JUNCO_RUNNER_NICE": "0", "JUNCO_THREADS": "1", "OMP_NUM_THREADS": "1", "TMPDIR": str(folder / "tmp")}
        | told
    )


def wait_until(condition: Callable[[], bool], seconds: float = 180) -> None:
    """Returns once ``condition`` holds, and fails the test if it does not in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s in vain"
        time.sleep(0.1)


def commands() -> dict[int, bytes]:
    """What runs on this machine: process ids and command lines, arguments ended by NUL."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            found[int(folder.name)] = (folder / "cmdline").read_bytes()
    return found


def runners_of(worker: int) -> list[int]:
    """Living runners whose parent is the process ``worker``."""
    asked = f'"parent":{worker},'.encode()
    return [pid for pid, words in commands().items() if b"worker.runner\0" in words and asked in words]


def processor_seconds(pid: int) -> float:
    """Processor time that a process has used; of a working runner and a spare one, the larger is the working one's."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def maps_torch(pid: int) -> bool:
    """Whether a process has loaded torch's library."""
    return "libtorch" in Path(f"/proc/{pid}/maps").read_text()


@dataclass(frozen=True)
class Process:
    """A process in a session of its own, and where it says what it does."""

    popen: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        return self.popen.pid

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def stop(self) -> int:
        """Asks it to end; its exit status."""
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(90)

    def kill(self) -> None:
        """Ends it and its pool processes as a power cut would."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.popen.wait()


@dataclass
class Installation:
    """Processes that share a home. ``settings`` are JUNCO_* variables in lower case."""

    folder: Path
    settings: dict[str, object] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    processes: list[Process] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def tmp(self) -> Path:
        """Where the processes' temporary folders are."""
        return self.folder / "tmp"

    def serve(self) -> Process:
        """``junco serve``, ready: the service and an embedded worker."""
        return self._ready(self.start("serve", JUNCO, "serve", "--port", str(self.port), "--home", str(self.home)))

    def service(self) -> Process:
        """The HTTP process, ready."""
        return self._ready(self.start("service", PYTHON, "-m", "service", "--port", str(self.port)))

    def worker(self) -> Process:
        """An embedded worker."""
        return self.start("worker", PYTHON, "-m", "worker")

    def celery(self) -> Process:
        """A worker that hears the broker."""
        return self.start("celery", PYTHON, "-m", "celery", "-A", "worker.celery_app", "worker", *QUIET)

    def start(self, name: str, *command: str) -> Process:
        log = self.folder / f"{name}-{len(self.processes)}.log"
        told = environment(self.folder, **{"home": self.home, **self.settings})
        with log.open("wb") as file:
            popen = subprocess.Popen(
                command, cwd=self.folder, env=told, stdout=file, stderr=subprocess.STDOUT, start_new_session=True
            )
        self.processes.append(Process(popen, log))
        return self.processes[-1]

    def _ready(self, process: Process) -> Process:
        def answers() -> bool:
            assert process.popen.poll() is None, process.said()
            with contextlib.suppress(httpx.TransportError):
                return httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200
            return False

        wait_until(answers)
        return process

    def apis(self) -> list[int]:
        """The living HTTP processes of this installation."""
        asked = f"--port\0{self.port}\0".encode()
        return [pid for pid, words in commands().items() if asked in words and b"-m\0service\0" in words]

    def close(self) -> None:
        """Ends every process, the last one first; a worker must not lose its broker or its service on the way out."""
        for process in reversed(self.processes):
            if process.popen.poll() is None:
                process.popen.send_signal(signal.SIGTERM)
        for process in self.processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.popen.wait(40)
            process.kill()


@contextlib.contextmanager
def installation(folder: Path, **settings: object) -> Iterator[Installation]:
    """An installation whose HTTP process never loads torch, whatever the test does."""
    made = Installation(folder, settings)
    try:
        yield made
        assert not [pid for pid in made.apis() if maps_torch(pid)]
    finally:
        made.close()
