"""Starting probes: which Python an unprivileged user may run, and what the probes are told."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from junco.contract.job import WorkKind
from junco.contract.wire import Task
from worker.runner.limits import Limits
from worker.runner.parent import Runner

NOBODY = 65534
MIB = 1 << 20
LIMITS = Limits(parent=os.getpid(), memory_bytes=1536 * MIB, file_bytes=16 * MIB)
SCRIPT = Path(__file__).with_name("confined.py")
LIBRARIES = os.pathsep.join((sysconfig.get_path("purelib"), str(Path(__file__).parents[3])))


def interpreter() -> str:
    """A Python of this version that nobody may run; skips where root's own is the only one."""
    if os.geteuid() != 0 or _open_to_all(Path(sys.base_prefix)):
        return sys.executable
    system = "/usr/bin/python3"
    asked = subprocess.run([system, "-c", "import sys; print(sys.version_info[:2])"], capture_output=True, text=True)
    if asked.stdout.strip() != str(sys.version_info[:2]):
        pytest.skip("no Python of this version that an unprivileged user may run")
    return system


def _open_to_all(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))


def probe(told: dict, names: list[str], *, without: str = "", limits: Limits = LIMITS) -> dict[str, str]:
    """What came of the probes in a runner that lacks the layers of ``without``."""
    with Runner(limits, command=(interpreter(), "-I", str(SCRIPT), without, LIBRARIES)) as runner:
        told = {**told, "probes": names, "input": str(_staged(runner, "input", b"as staged"))}
        for name in {"hostile", "honest", "onnx"} & told.keys():
            told[name] = str(_staged(runner, name, Path(told[name]).read_bytes()))
        facts = _staged(runner, "facts.json", json.dumps(told).encode())
        task = Task(kind=WorkKind.INSPECT, model="sha256:" + "0" * 64, model_path=str(facts), out=str(runner.out))
        files = runner.run(task, deadline_s=60, on_event=lambda _: None)
        return json.loads(files["report.json"].read_text())


def _staged(runner: Runner, name: str, data: bytes) -> Path:
    path = runner.work / name
    path.write_bytes(data)
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)
    return path


@contextlib.contextmanager
def neighbour() -> Iterator[int]:
    """A process of the same user with a secret in its environment."""
    who = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    with subprocess.Popen(["/bin/sleep", "600"], env={"CANARY": "secret"}, **who) as process:
        try:
            yield process.pid
        finally:
            process.kill()


@contextlib.contextmanager
def listener() -> Iterator[int]:
    """A port of the loopback interface where somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]
