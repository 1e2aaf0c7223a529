"""``junco serve``: one command that starts both processes, and stops them."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import free_port

JUNCO = Path(sys.executable).with_name("junco")


def children_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


@pytest.mark.e2e
@pytest.mark.slow
def test_serve_says_when_it_is_ready_and_stops_everything_on_sigterm(tmp_path):
    port = free_port()
    command = [JUNCO, "serve", "--port", str(port), "--home", tmp_path / "home"]
    served = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True)
    try:
        first = served.stdout.readline()
        children = children_of(served.pid)
    finally:
        served.send_signal(signal.SIGTERM)
        status = served.wait(40)
    assert first == f"Junco is ready at http://127.0.0.1:{port}\n"
    assert status == 0
    assert len(children) == 2
    assert not [child for child in children if Path("/proc", child).exists()]
    served.stdout.close()


@pytest.mark.e2e
def test_serve_ends_when_one_of_its_processes_does(tmp_path):
    command = [JUNCO, "serve", "--port", "1", "--home", "/proc/nowhere", "--workers", "0"]
    served = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, timeout=60)
    assert served.returncode == 4
    assert "ended by itself" in served.stderr
