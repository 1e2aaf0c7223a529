"""What a worker and its runner say to each other: JSON lines and files, never pickles."""

from typing import Literal

from pydantic import Field

from junco.contract.base import Digest, Frozen
from junco.contract.errors import Problem
from junco.contract.images import ImageSet
from junco.contract.job import WorkKind
from junco.contract.model import ModelReport
from junco.contract.plan import Plan, Shard


class Task(Frozen):
    """A command to a runner. Paths are files in its work folder or read-only blobs; ``out`` is an empty folder.

    INSPECT writes report.json; SHARD writes partial.safetensors; FINALISE writes outcome.json and the artifacts.
    """

    kind: WorkKind
    model: Digest
    model_path: str
    out: str
    input_shape: tuple[int, int, int] | None = None
    output: str | None = None
    plan: Plan | None = None
    report: ModelReport | None = None
    shard: Shard | None = None
    images: ImageSet | None = None
    image_paths: tuple[str, ...] = ()
    partial_paths: tuple[str, ...] = ()
    other_paths: dict[Digest, str] = Field(default={}, description="Models that the shard needs beside its own.")
    threads: int = 1
    device: str = "cpu"
    sandbox: str = "process"


class Advanced(Frozen):
    """An event from a runner: this much is done."""

    event: Literal["advanced"] = "advanced"
    stage: str
    completed: int = Field(ge=0, le=1 << 53)


class Finished(Frozen):
    """An event from a runner: the files in ``out`` are complete."""

    event: Literal["finished"] = "finished"
    files: tuple[str, ...]


class Refused(Frozen):
    """An event from a runner: it could not, and this is why."""

    event: Literal["refused"] = "refused"
    problem: Problem


Event = Advanced | Finished | Refused
