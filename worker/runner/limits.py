"""What a runner may use. Standard library only: the child reads this before it has imported anything else."""

import json
from dataclasses import asdict, dataclass

GIB = 1 << 30


@dataclass(frozen=True)
class Limits:
    """Bounds on one runner; bytes and seconds. ``parent`` is the process that must outlive it."""

    parent: int
    memory_bytes: int = 8 * GIB
    file_bytes: int = 2 * GIB
    cpu_seconds: int = 7 * 24 * 3600
    open_files: int = 512
    threads: int = 1

    def to_json(self) -> str:
        """One command-line argument."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "Limits":
        """The limits that ``to_json`` wrote."""
        return cls(**json.loads(text))
