"""A PostgreSQL server of the tests' own, on a free port, gone afterwards."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def server() -> Iterator[str]:
    """An SQLAlchemy URL of an empty server; skips the test where no server is installed."""
    user = _user()
    folder = Path(tempfile.mkdtemp(prefix="junco-pg-"))
    try:
        if user is not None:
            shutil.chown(folder, user)
        data, port = folder / "data", _free_port()
        options = {"user": user, "cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        initdb = [_binary("initdb"), "-D", str(data), "-U", "junco", "-A", "trust", "--no-sync", "-E", "UTF8"]
        subprocess.run(initdb, check=True, **options)
        settings = ["-c", "fsync=off", "-c", f"unix_socket_directories={folder}", "-c", "listen_addresses=127.0.0.1"]
        process = subprocess.Popen([_binary("postgres"), "-D", str(data), "-p", str(port), *settings], **options)
        try:
            _wait(port, process)
            yield f"postgresql+pg8000://junco@127.0.0.1:{port}/postgres"
        finally:
            process.terminate()
            process.wait(20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binary(name: str) -> str:
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = shutil.which(name) or (str(versions[-1]) if versions else None)
    if found is None:
        pytest.skip(f"PostgreSQL's {name} is not installed: this suite ran on SQLite only")
    return found


def _user() -> str | None:
    # The server refuses to run as root.
    if os.getuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        return pwd.getpwnam("nobody").pw_name


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    import pg8000.dbapi

    end = time.monotonic() + 30
    while True:
        try:
            pg8000.dbapi.connect(user="junco", host="127.0.0.1", port=port, database="postgres").close()
            return
        except (pg8000.dbapi.Error, OSError):
            if time.monotonic() > end or process.poll() is not None:
                raise
            time.sleep(0.1)
