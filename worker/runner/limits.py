"""What a runner may use. Standard library only: the child reads this before it has imported anything else."""

import json
from dataclasses import asdict, dataclass

GIB = 1 << 30
CPU_GRACE_SECONDS = 2
"""Between the signal that tells of spent processor time and the one that ends a process in any case."""


@dataclass(frozen=True)
class Limits:
    """Bounds on one runner; bytes and seconds. ``parent`` is the process that must outlive it; ``nice`` as the system
    counts it, 19 the least urgent.

    ``optional`` names layers of the sandbox that may be missing; ``work`` is the runner's own folder, of which it may
    write ``out`` and ``tmp`` only.
    """

    parent: int
    memory_bytes: int = 8 * GIB
    file_bytes: int = 2 * GIB
    cpu_seconds: int = 7 * 24 * 3600
    open_files: int = 512
    threads: int = 1
    nice: int = 0
    device: str = "cpu"
    optional: tuple[str, ...] = ()
    work: str = ""

    @property
    def on_cpu(self) -> bool:
        """Whether no driver of a device is needed, so that the tightest bounds apply."""
        return self.device == "cpu"

    def to_json(self) -> str:
        """One command-line argument."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "Limits":
        """The limits that ``to_json`` wrote."""
        fields = json.loads(text)
        return cls(**{**fields, "optional": tuple(fields["optional"])})
