"""``junco serve``: one command that starts both processes, and stops them."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from junco.client.cli import app
from junco.client.exits import Exit
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
    command = [JUNCO, "serve", "--port", free_port(), "--home", "/proc/nowhere", "--workers", "0"]
    served = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, timeout=60)
    assert served.returncode == 4
    assert "ended by itself" in served.stderr


@pytest.mark.e2e
def test_serve_takes_its_folder_from_the_environment():
    """As workers and migrations do: it is the home that cannot be, and not one in the working folder."""
    command = [JUNCO, "serve", "--port", free_port(), "--workers", "0"]
    environment = {**os.environ, "JUNCO_HOME": "/proc/nowhere"}
    served = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=False, timeout=60, env=environment
    )
    assert served.returncode == 4
    assert "/proc/nowhere" in served.stderr


def test_serve_refuses_a_port_that_somebody_listens_on(tmp_path):
    """Or it would call a stranger's service its own, ready one."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        found = CliRunner().invoke(app, ["serve", "--port", port, "--home", str(tmp_path / "home")])
    assert found.exit_code == Exit.REFUSED
    assert f"port {port} cannot be listened on" in found.stderr
    assert not (tmp_path / "home").exists()
