"""Progress on standard error: a bar on a terminal, plain lines elsewhere."""

import contextlib
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from junco.client.asked import OnProgress
from junco.contract.job import Progress as Seen

_STEP = 10.0
"""Percent between two plain lines: logs stay short."""


@contextlib.contextmanager
def shown(console: Console) -> Iterator[OnProgress]:
    """What to call with progress while the context lasts."""
    if not console.is_terminal:
        yield _lines(console)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=100.0)

        def move(seen: Seen) -> None:
            bar.update(task, description=seen.stage, completed=seen.percent)

        yield move


def _lines(console: Console) -> OnProgress:
    last: tuple[str, float] = ("", -_STEP)

    def line(seen: Seen) -> None:
        nonlocal last
        if seen.stage != last[0] or seen.percent >= last[1] + _STEP:
            last = (seen.stage, seen.percent)
            console.print(f"{seen.stage}: {seen.percent:.0f} %", highlight=False)

    return line
