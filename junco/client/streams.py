"""Standard output and standard error: who stops reading them (head, less) has enough, and nothing is wrong."""

import contextlib
import os
from collections.abc import Iterator

import rich.console

OUT, ERR = 1, 2


class Console(rich.console.Console):
    """Prints until nobody reads any more, and then goes on in silence: what is printed decides no exit code."""

    def on_broken_pipe(self) -> None:
        """Say no more; rich would end the process with status 1, which is a verdict here."""
        self.quiet = True
        hush(ERR if self.stderr else OUT)


@contextlib.contextmanager
def heard() -> Iterator[None]:
    """Ends quietly where nobody reads standard output any more."""
    try:
        yield
    except BrokenPipeError:
        hush(OUT)


def hush(stream: int) -> None:
    """Send what is still to come of a stream nowhere, so that its last flush does not fail either."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
