"""What a worker may be told by its environment, beside what it shares with the service."""

import os
import socket
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from junco.storage.settings import StorageSettings
from worker.runner import layers as layers  # registers every layer of the sandbox
from worker.runner.limits import GIB, Limits
from worker.runner.restrict import LAYERS


class WorkerSettings(StorageSettings):
    """JUNCO_* variables of a worker. Durations in seconds, sizes in bytes."""

    device: str = Field(default="cpu", pattern=r"^(cpu|cuda(:\d+)?)$", description="Where runners compute.")
    threads: int = Field(default_factory=lambda: len(os.sched_getaffinity(0)), ge=1, description="Threads of a runner.")
    runner_nice: int = Field(
        default=5, ge=0, le=19, description="How far runners stand back, on their cores, behind the service."
    )
    memory_bytes: int = Field(default=8 * GIB, ge=GIB // 2, description="Most memory of a runner.")
    output_bytes: int = Field(default=2 * GIB, ge=1 << 20, description="Most bytes that a runner may hand in.")
    sandbox_optional: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Layers of the sandbox that may be missing, separated by commas; each weakens it."
    )
    inspect_seconds: float = Field(default=300.0, gt=0, description="How long an inspection may take.")
    poll_seconds: float = Field(default=0.5, gt=0, description="How often an idle embedded worker looks for work.")
    sweep_seconds: float = Field(default=2.0, gt=0, description="How often dead leases and deadlines are looked after.")
    heartbeat_file: Path | None = Field(
        default=None, description="Touched while the worker is well, for health checks."
    )
    stop_file: Path | None = Field(default=None, description="Tells pool processes to hand their work back.")

    @property
    def limits(self) -> Limits:
        """What this process allows its runners."""
        return Limits(
            parent=os.getpid(),
            memory_bytes=self.memory_bytes,
            file_bytes=self.output_bytes,
            threads=self.threads,
            nice=self.runner_nice,
            device=self.device,
            optional=self.sandbox_optional,
        )

    @field_validator("sandbox_optional", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(word.strip() for word in value.split(",") if word.strip()) if isinstance(value, str) else value

    @field_validator("sandbox_optional")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in value if name not in LAYERS]
        if unknown:
            raise ValueError(f"no such layer: {', '.join(unknown)}; there are {', '.join(LAYERS)}")
        return value


def owner_name(number: int = 0) -> str:
    """Who holds a lease: readable in a table, unique among workers."""
    return f"{socket.gethostname()}:{os.getpid()}:{number}"[:128]
