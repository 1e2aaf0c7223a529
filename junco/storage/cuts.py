"""Jobs whose plan another version cut into other shards: partials go by a shard's place, so they begin anew."""

from functools import lru_cache

from sqlalchemy import Connection, delete

from junco.contract.errors import VersionsDiffer
from junco.contract.plan import Plan
from junco.contract.sharding import cut_of, shards
from junco.storage.database import clock
from junco.storage.jobs import fail_job, touch
from junco.storage.lifecycle import job_attempts, launch
from junco.storage.rows import Row
from junco.storage.tables import work

_KEPT = 64
"""Plans whose cut is remembered: a job's work is claimed piece by piece, and each claim asks."""


@lru_cache(maxsize=_KEPT)
def cut_now(plan: str) -> str:
    """Digest of the shards into which this version cuts a plan, which is given as it is stored."""
    return cut_of(shards(Plan.model_validate_json(plan)))


def fits(job: Row) -> bool:
    """Whether the job was cut as this version cuts it. How jobs of before were cut is unknown; they go on as they
    are."""
    return job["cut"] is None or job["cut"] == cut_now(job["plan"])


def begin_anew(connection: Connection, job: Row) -> None:
    """Cut the job's plan again and have all of it measured again, in as much time; ``job`` must be locked.

    Whoever works on it is superseded. Fails the job once that has happened as often as a piece may be attempted: then
    workers of both versions run, and would take it from each other for ever.
    """
    attempts = job_attempts(connection, job["id"])
    if job["recuts"] >= attempts:
        fail_job(connection, job, _differ(job).problem())
        return
    plan = Plan.model_validate_json(job["plan"])
    # Their partials are named by nothing then, and retention finds them.
    connection.execute(delete(work).where(work.c.job_id == job["id"]))
    end_by = None if job["end_by"] is None else clock() + plan.timeout_seconds
    touch(connection, job["id"], recuts=job["recuts"] + 1, end_by=end_by)
    launch(connection, job, plan, attempts)


def _differ(job: Row) -> VersionsDiffer:
    return VersionsDiffer(
        "Workers of versions that take the plan apart differently kept starting this validation anew.",
        expected=f"shards {job['cut']}",
        found=f"shards {cut_now(job['plan'])}",
        remedy="Let all workers be of one version, then submit the validation again.",
        stage=job["stage"],
    )
