"""How the command ends: the exit codes that scripts rely on, and errors as people read them."""

import contextlib
import os
from collections.abc import Iterator
from enum import IntEnum, StrEnum

import typer
from rich.console import Console
from rich.text import Text

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
        # Whoever read our output has enough (head, less): nothing is wrong, and nothing more can be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
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
