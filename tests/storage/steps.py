"""Short names for what storage tests do again and again."""

from sqlalchemy import func, select, update

from junco.contract.catalogue import Verdict
from junco.contract.job import WorkKind
from junco.contract.resolve import resolve
from junco.contract.sharding import shards
from junco.storage import Claim, Computed, Finalised, Inspected, Records, StoredFile
from junco.storage.tables import jobs, work
from tests.storage.samples import MODEL, images, report, request

PARTIAL = "sha256:" + "1" * 64
OUTCOME = StoredFile("outcome.json", "application/json", 2, "sha256:" + "2" * 64)


def inspect(records: Records) -> None:
    """Do the one inspection that waits."""
    claim = take(records)
    assert claim.kind is WorkKind.INSPECT
    assert records.complete(claim, Inspected(report(MODEL)))


def shard_count() -> int:
    """Shards of the sample request, however the contract cuts them; more than one."""
    return len(shards(resolve(request(), report(), images())))


def take(records: Records, owner: str = "w1", **options: float) -> Claim:
    """The next piece of work, which must exist."""
    claim = records.claim_next(owner, **options)
    assert claim is not None
    return claim


def hand_in(records: Records, claim: Claim) -> bool:
    """Complete a shard or a finalise."""
    if claim.kind is WorkKind.SHARD:
        return records.complete(claim, Computed(PARTIAL))
    return records.complete(claim, Finalised(Verdict.PASS, (OUTCOME,)))


def lapse(records: Records, claim: Claim) -> None:
    """Let a lease end, as if its time had passed on the database's clock."""
    with records._database.write() as connection:
        connection.execute(update(work).where(work.c.id == claim.work_id).values(lease_until=1.0))


def late(records: Records, column: str) -> None:
    """Put every job's limit ``start_by`` or ``end_by`` into the past."""
    with records._database.write() as connection:
        connection.execute(update(jobs).values({column: 1.0}))


def count(records: Records, kind: WorkKind) -> int:
    """Rows of a kind of work."""
    with records._database.read() as connection:
        return connection.scalar(select(func.count()).select_from(work).where(work.c.kind == kind)) or 0
