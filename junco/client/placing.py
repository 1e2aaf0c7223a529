"""A result's files where they were asked for: all of them once all are there, and none of a check that failed."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from junco.client.asked import Asked, Backend, OnProgress
from junco.contract.outcome import Outcome


@dataclass(frozen=True)
class Placed:
    """An outcome, and what was placed for it: files and folders, relative to where they lie."""

    outcome: Outcome
    names: tuple[Path, ...]


def placed(asked: Asked, doing: Backend, *, out: Path, on_progress: OnProgress, instead: Iterable[Path] = ()) -> Placed:
    """Do the check and place its files in ``out``, those of ``instead`` removed; other files there stay."""
    out.parent.mkdir(parents=True, exist_ok=True)
    # Beside the folder, or in it: a folder that was mounted for us may be all that we can write.
    near = out.parent if os.access(out.parent, os.W_OK | os.X_OK) else out
    with tempfile.TemporaryDirectory(dir=near, prefix=".junco-") as name:
        folder = Path(name)
        outcome = doing.check(asked, out=folder, on_progress=on_progress)
        _remove(out, instead)
        return Placed(outcome, tuple(_copied(folder, out)))


def _copied(folder: Path, out: Path) -> Iterator[Path]:
    # Not shutil.copytree, which would give the folder the modes of a temporary one: nobody else could read it.
    out.mkdir(exist_ok=True)
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_dir():
            (out / name).mkdir(exist_ok=True)
        else:
            shutil.copyfile(path, out / name)
        yield name


def _remove(out: Path, names: Iterable[Path]) -> None:
    # The deepest first: a folder goes once it is empty, and stays where somebody else's file is in it.
    for path in sorted((out / name for name in names), reverse=True):
        with contextlib.suppress(OSError):
            path.rmdir() if path.is_dir() else path.unlink()
