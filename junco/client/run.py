"""``junco serve`` and ``junco worker``: the processes of an installation, started from one command."""

import contextlib
import importlib.util
import ipaddress
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Annotated

import httpx
import typer

from junco.client.exits import Exit, told
from junco.contract.errors import BadInput, Unavailable

_HOME = "JUNCO_HOME"
_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_TICK = 0.2


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
    home: Annotated[Path, typer.Option(envvar=_HOME, help="Folder for the records and the files.")] = Path(".junco"),
    workers: Annotated[int, typer.Option(min=0, max=256, help="Pieces of work at a time.")] = 1,
    keys: Annotated[bool, typer.Option("--keys", help="Ask everybody for an API key; prints the first one.")] = False,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Listen beyond this machine, without access control.")
    ] = False,
) -> None:
    """Start the service and a local worker; stop both with Ctrl-C."""
    with told():
        access = "keys" if keys else os.environ.get("JUNCO_ACCESS", "off")
        _refuse_to_expose(host, insecure=insecure or access != "off")
        _installed("fastapi", "service")
        _refuse_a_taken_port(host, port)
        allowed = ("--insecure",) if insecure else ()
        commands: list[tuple[str, ...]] = [("service", "--host", host, "--port", str(port), *allowed)]
        if workers:
            _installed("torch", "worker")
            commands.append(("worker", "--concurrency", str(workers)))
        environment = {**os.environ, _HOME: str(home.absolute()), "JUNCO_ACCESS": access}
        raise typer.Exit(_supervise(commands, environment, f"http://{_shown(host)}:{port}"))


def worker(
    once: Annotated[bool, typer.Option("--once", help="End when no work is left.")] = False,
    concurrency: Annotated[int, typer.Option(min=1, max=256, help="Pieces of work at a time.")] = 1,
    home: Annotated[Path | None, typer.Option(envvar=_HOME, help="Folder of the records and the files.")] = None,
) -> None:
    """Start a worker: through the broker if JUNCO_BROKER_URL is set, else on the records themselves."""
    with told():
        _installed("torch", "worker")
        if home is not None:
            os.environ[_HOME] = str(home.absolute())
        os.execv(sys.executable, [sys.executable, *_worker_command(once=once, concurrency=concurrency)])  # noqa: S606


def migrate(
    check: Annotated[bool, typer.Option("--check", help="Only say whether there is something to do.")] = False,
    home: Annotated[
        Path | None, typer.Option(envvar=_HOME, help="Folder of the records, where they are in SQLite.")
    ] = None,
) -> None:
    """Upgrade the database's tables; an installation without a broker does so by itself."""
    with told():
        _installed("sqlalchemy", "service")
        if home is not None:
            os.environ[_HOME] = str(home.absolute())
        command = [sys.executable, "-m", "junco.storage", *(["--check"] if check else [])]
        os.execv(sys.executable, command)  # noqa: S606 - our own module


def _worker_command(*, once: bool, concurrency: int) -> list[str]:
    if "JUNCO_BROKER_URL" not in os.environ:
        return ["-m", "worker", "--concurrency", str(concurrency), *(["--once"] if once else [])]
    if once:
        raise BadInput("--once is for workers without a broker.", found="JUNCO_BROKER_URL is set")
    quiet = ["--without-gossip", "--without-mingle", "--loglevel", "INFO"]
    return ["-m", "celery", "-A", "worker.celery_app", "worker", "--concurrency", str(concurrency), *quiet]


def _supervise(commands: list[tuple[str, ...]], environment: dict[str, str], url: str) -> int:
    """Runs the commands until a signal, or until one of them ends; gives the exit status."""
    asked_to_stop = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked_to_stop
        asked_to_stop = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    with contextlib.ExitStack() as stack:
        # Their own sessions: Ctrl-C reaches this process alone, which passes it on once.
        children = [stack.enter_context(_child([sys.executable, "-m", *command], environment)) for command in commands]
        end, ready = time.monotonic() + _START_SECONDS, False
        while not asked_to_stop:
            dead = next((child for child in children if child.poll() is not None), None)
            if dead is not None:
                raise Unavailable(
                    "A process of the service ended by itself.",
                    found=f"exit status {dead.returncode} of {dead.args!r}",
                    remedy="Its last words are above.",
                )
            if not ready and _answers(url):
                ready = True
                typer.echo(f"Junco is ready at {url}")
            if not ready and time.monotonic() > end:
                raise Unavailable("The service did not become ready.", expected=f"within {_START_SECONDS:g} s")
            time.sleep(_TICK)
    return Exit.PASS


@contextlib.contextmanager
def _child(command: list[str], environment: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    # Logs go to standard error: standard output says when the service is ready, and nothing else.
    process = subprocess.Popen(command, env=environment, stdout=2, start_new_session=True)  # noqa: S603 - our modules
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=2.0).is_success
    except httpx.HTTPError:
        return False


def _refuse_to_expose(host: str, *, insecure: bool) -> None:
    if insecure or host == "localhost":
        return
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(host).is_loopback:
            return
    raise BadInput(
        f"{host} can be reached from other machines, and access control is off.",
        expected="a loopback address, or --keys",
        found=host,
        remedy="Say --keys; or --insecure, where something before it checks access.",
    )


def _refuse_a_taken_port(host: str, port: int) -> None:
    """Raise ``BadInput`` where one cannot listen: whoever does would answer in our name, and we would call it ready."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise BadInput(
            f"{host} port {port} cannot be listened on.",
            expected="a free port of this machine",
            found=error.strerror or str(error),
            remedy="Stop what listens there, or name another with --port.",
        ) from error


def _installed(package: str, extra: str) -> None:
    if importlib.util.find_spec(package) is None:
        raise Unavailable(
            f"The packages of junco[{extra}] are not installed.",
            expected=f"the extra junco[{extra}]",
            found=f"no {package}",
            remedy=f"Install it with: pip install 'junco[{extra}]'",
        )


def _shown(host: str) -> str:
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
