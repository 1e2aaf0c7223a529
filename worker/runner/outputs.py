"""What a runner says it wrote, checked: it may be under a hostile model's control."""

import re
import stat
from pathlib import Path, PurePosixPath

from junco.contract.errors import RunnerCrashed

MAX_FILES = 20_000
MAX_NAME = 255
"""Letters of a file's name, folders included: what the records keep."""
_NAME = re.compile(r"[A-Za-z0-9_.=+,()@-]+(/[A-Za-z0-9_.=+,()@-]+)*", re.ASCII)
"""Names end in URLs, headers and rows: what would have to be quoted in any of them is no name."""


def checked(out: Path, names: tuple[str, ...], *, most_bytes: int) -> dict[str, Path]:
    """The files called ``names`` under ``out``: plain, inside, and small enough; raises ``RunnerCrashed``."""
    if len(names) > MAX_FILES:
        raise _refused("fewer files", f"{len(names)} files")
    found = {name: _plain(out, name) for name in names}
    total = sum(path.stat().st_size for path in found.values())
    if total > most_bytes:
        raise _refused(f"at most {most_bytes} bytes", f"{total} bytes")
    return found


def _plain(out: Path, name: str) -> Path:
    parts = PurePosixPath(name).parts
    if len(name) > MAX_NAME or not _NAME.fullmatch(name) or not {"..", "."}.isdisjoint(name.split("/")):
        raise _refused(f"plain names inside the output folder, of at most {MAX_NAME} letters", repr(name[:100]))
    path = out
    for part in parts:
        path = path / part
        # lstat at every step: a link anywhere on the way would lead outside.
        if path.is_symlink():
            raise _refused("plain files", f"a link at {name[:100]!r}")
    if not path.exists() or not stat.S_ISREG(path.lstat().st_mode):
        raise _refused("the files that it names", f"no file at {name[:100]!r}")
    return path


def _refused(expected: str, found: str) -> RunnerCrashed:
    return RunnerCrashed(
        "The process that held the model answered with files that cannot be taken.", expected=expected, found=found
    )
