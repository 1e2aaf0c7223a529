"""What a worker holds while it works, what it hands in, and what it is told."""

from dataclasses import dataclass, field
from enum import StrEnum

from junco.contract.catalogue import Verdict
from junco.contract.images import ImageSet
from junco.contract.job import WorkKind
from junco.contract.model import ModelReport
from junco.contract.plan import Plan, Shard


@dataclass(frozen=True)
class Claim:
    """A piece of work, held until the lease ends; every write carries ``owner`` and ``attempt``.

    ``partials`` are the shards' results in shard order, for FINALISE. ``seconds_left`` is the time to the job's
    deadline by the database's clock when the claim was made; None for an inspection.
    """

    work_id: str
    kind: WorkKind
    owner: str
    attempt: int
    lease_seconds: float
    model: str
    job_id: str | None = None
    input_shape: tuple[int, int, int] | None = None
    output: str | None = None
    plan: Plan | None = None
    report: ModelReport | None = None
    shard: Shard | None = None
    images: ImageSet | None = None
    partials: tuple[str, ...] = ()
    seconds_left: float | None = None


class Directive(StrEnum):
    """The answer to a renewal."""

    CONTINUE = "continue"
    CANCEL = "cancel"
    SUPERSEDED = "superseded"


@dataclass(frozen=True)
class Inspected:
    """The result of INSPECT."""

    report: ModelReport


@dataclass(frozen=True)
class Computed:
    """The result of SHARD: the digest of the stored partial."""

    partial: str


@dataclass(frozen=True)
class StoredFile:
    """A file of a result, already among the blobs."""

    name: str
    media_type: str
    size: int
    digest: str


@dataclass(frozen=True)
class Finalised:
    """The result of FINALISE; ``files`` holds outcome.json and the artifacts, named relative to the result."""

    verdict: Verdict
    files: tuple[StoredFile, ...] = field()


Result = Inspected | Computed | Finalised
