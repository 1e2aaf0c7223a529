"""A result's files where they were asked for: all of them once all are there, and none of a check that failed."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterable
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
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".junco-") as name:
        folder = Path(name)
        outcome = doing.check(asked, out=folder, on_progress=on_progress)
        _remove(out, instead)
        shutil.copytree(folder, out, dirs_exist_ok=True)
        return Placed(outcome, tuple(path.relative_to(folder) for path in folder.rglob("*")))


def _remove(out: Path, names: Iterable[Path]) -> None:
    # The deepest first: a folder goes once it is empty, and stays where somebody else's file is in it.
    for path in sorted((out / name for name in names), reverse=True):
        with contextlib.suppress(OSError):
            path.rmdir() if path.is_dir() else path.unlink()
