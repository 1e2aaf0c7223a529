"""The life of a validation: states, the one table of transitions, and what clients see of it."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from junco.contract.base import Digest, Frozen
from junco.contract.catalogue import Verdict
from junco.contract.errors import Problem
from junco.contract.plan import Plan
from junco.contract.request import PlanRequest


class JobState(StrEnum):
    """Where a validation stands; published as an open list, so clients must tolerate more."""

    QUEUED = "queued"
    RUNNING = "running"
    CANCELING = "canceling"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    EXPIRED = "expired"

    @property
    def is_terminal(self) -> bool:
        """Whether the state can never change again."""
        return not TRANSITIONS[self]


TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.CANCELED, JobState.FAILED, JobState.EXPIRED}),
    JobState.RUNNING: frozenset({JobState.CANCELING, JobState.SUCCEEDED, JobState.FAILED}),
    JobState.CANCELING: frozenset({JobState.CANCELED, JobState.FAILED}),
    JobState.SUCCEEDED: frozenset(),
    JobState.FAILED: frozenset(),
    JobState.CANCELED: frozenset(),
    JobState.EXPIRED: frozenset(),
}
"""From each state, where a job may go."""


class ShardState(StrEnum):
    """Where a piece of work stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELED = "canceled"


class WorkKind(StrEnum):
    """What a runner is asked to do."""

    INSPECT = "inspect"
    SHARD = "shard"
    FINALISE = "finalise"


class InspectionState(StrEnum):
    """Whether a model's report is known."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    REJECTED = "rejected"


class Progress(Frozen):
    """Monotone but for ``percent``; ``total`` is unknown until the plan is resolved, and grows if all begins anew."""

    stage: str
    completed: int = 0
    total: int | None = None
    unit: str = "image_passes"
    percent: float = 0.0


class ArtifactLink(Frozen):
    """One file of a result."""

    name: str
    media_type: str
    size: int
    digest: Digest
    url: str


class Job(Frozen):
    """A validation as clients see it."""

    id: str
    state: JobState
    verdict: Verdict | None = None
    attempt: int = Field(default=0, description="Attempts of the piece of work that needed most.")
    request: PlanRequest
    plan: Plan | None = None
    progress: Progress
    error: Problem | None = None
    create_time: datetime
    start_time: datetime | None = None
    end_time: datetime | None = None
    update_time: datetime
    revision: int
    links: dict[str, str] = {}
