"""How the command ends: the exit codes that scripts rely on, and errors as people read them."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from enum import IntEnum, StrEnum
from types import FrameType

import typer
from rich.text import Text

from junco.client.streams import OUT, Console, hush
from junco.contract.catalogue import Verdict
from junco.contract.errors import BadInput, Conflict, Denied, Internal, JuncoError, NotFound


class Exit(IntEnum):
    """Exit codes."""

    PASS = 0
    FAIL = 1
    REFUSED = 2
    INCONCLUSIVE = 3
    SERVICE = 4
    INTERRUPTED = 130


class FailOn(StrEnum):
    """From which verdict on the command fails."""

    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NEVER = "never"


def exit_of(verdict: Verdict, fail_on: FailOn) -> Exit:
    """The exit code that a verdict means."""
    if verdict is Verdict.PASS or fail_on is FailOn.NEVER:
        return Exit.PASS
    if verdict is Verdict.FAIL or fail_on is FailOn.INCONCLUSIVE:
        return Exit.FAIL
    return Exit.INCONCLUSIVE


_UNUSABLE = (PermissionError, FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError)


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """SIGTERM, by which CI systems stop a step, is as good as Ctrl-C: a server is told, and no half result stays."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Turns errors into words on standard error and an exit code; a traceback only with JUNCO_DEBUG set."""
    try:
        yield
    except JuncoError as error:
        if os.environ.get("JUNCO_DEBUG"):
            raise
        show_error(error)
        raise typer.Exit(_code(error)) from error
    except (typer.Exit, typer.Abort):
        raise
    except KeyboardInterrupt as error:
        # Not Click's 1: that would read as a verdict.
        raise typer.Exit(Exit.INTERRUPTED) from error
    except BrokenPipeError:
        hush(OUT)
    except _UNUSABLE as error:
        if os.environ.get("JUNCO_DEBUG"):
            raise
        show_error(BadInput("A file or folder cannot be used.", found=str(error), remedy="Name another, or mend it."))
        raise typer.Exit(Exit.REFUSED) from error
    except Exception as error:
        if os.environ.get("JUNCO_DEBUG"):
            raise
        found = f"{type(error).__name__}: {error}"
        show_error(Internal("Junco met an error that it did not foresee.", found=found, remedy="Set JUNCO_DEBUG=1."))
        raise typer.Exit(Exit.SERVICE) from error


def show_error(error: JuncoError) -> None:
    """What is wrong, what was expected, what was found, what to do."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(Text.assemble(("error: ", "bold red"), error.detail))
    for field in error.errors:
        console.print(Text(f"  {field.pointer}: {field.detail}"))
    for title, words in (("expected", error.expected), ("found", error.found), ("to do", error.remedy)):
        if words:
            console.print(Text(f"  {title + ':':<9} {words}"))


def _code(error: JuncoError) -> Exit:
    return Exit.REFUSED if isinstance(error, BadInput | NotFound | Conflict | Denied) else Exit.SERVICE
