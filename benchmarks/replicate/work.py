"""Where steps leave what they found, and how a step that was done is not done again."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
OUT = ROOT / "out" / "replication"
"""Models, partials and outcomes: what a run that was stopped goes on from."""
SHOWN = ROOT / "docs" / "replication"
"""Figures and pictures that are committed."""

Found = dict[str, Any]
"""What a step found: names to numbers, words and lists of them, as JSON holds them."""


def kept(name: str, find: Callable[[], Found]) -> Found:
    """What ``find`` gives, found once and read from ``OUT/<name>.json`` afterwards."""
    if not there(name):
        save(_path(name), json.dumps(find(), indent=1).encode())
    return dict(json.loads(_path(name).read_text()))


def there(name: str) -> bool:
    """Whether the step called ``name`` was done."""
    return _path(name).exists()


def _path(name: str) -> Path:
    return OUT / f"{name}.json"


def save(path: Path, data: bytes) -> None:
    """Write a whole file or none: a run that is stopped leaves no half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(path.suffix + ".part")
    part.write_bytes(data)
    part.replace(path)
