"""The records: one object through which the service and the workers see the database."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import func, insert, select, text, update

from junco.contract.job import ShardState
from junco.contract.resources import WorkerStatus
from junco.storage import outbox, submissions
from junco.storage.access import Access
from junco.storage.database import clock
from junco.storage.sweep import Swept, sweep
from junco.storage.tables import jobs as job_table
from junco.storage.tables import work, workers
from junco.storage.upkeep import Upkeep
from junco.storage.uploads import Uploads
from junco.storage.validations import Validations
from junco.storage.working import Working


@dataclass(frozen=True)
class WorkerCard:
    """How a worker introduces itself."""

    owner: str
    device: str
    sandbox: str
    version: str


class Records(Uploads, Validations, Working):
    """Models, image sets, jobs and work. Every method is one transaction; every time is the database's.

    ``of`` gives the view of one tenant, to whom nothing of the others exists. Without it, uploads are the default
    tenant's and jobs are everybody's.
    """

    def of(self, tenant: str) -> "Records":
        """The same records as one tenant sees them."""
        return Records(self._database, self._settings, tenant)

    @property
    def access(self) -> Access:
        """Keys and the log."""
        return Access(self._database)

    @property
    def upkeep(self) -> Upkeep:
        """What operators do."""
        return Upkeep(self._database, self._settings)

    def sweep(self) -> Swept:
        """Reap dead leases, late jobs and unheard bells; safe to run from anywhere, any number of times."""
        return sweep(self._database, republish_seconds=self._settings.republish_seconds)

    def publish_pending(self, publish: Callable[[str], None]) -> int:
        """Ring the bell for queued work that was not announced; how many rang."""
        return outbox.publish_pending(self._database, publish)

    def beat(self, card: WorkerCard) -> None:
        """Note that a worker lives."""
        values = {"device": card.device, "sandbox": card.sandbox, "version": card.version, "seen": clock()}
        with self._database.write() as connection:
            known = connection.execute(update(workers).where(workers.c.owner == card.owner).values(**values))
            if known.rowcount == 0:
                connection.execute(insert(workers).values(owner=card.owner, **values))

    def workers(self, *, within_seconds: float) -> tuple[WorkerStatus, ...]:
        """Workers heard of lately."""
        ago = (clock() - workers.c.seen).label("ago")
        query = select(workers, ago).where(ago < within_seconds).order_by(workers.c.owner)
        with self._database.read() as connection:
            return tuple(
                WorkerStatus(
                    owner=row.owner,
                    device=row.device,
                    sandbox=row.sandbox,
                    version=row.version,
                    seen_seconds_ago=round(row.ago, 3),
                )
                for row in connection.execute(query)
            )

    def job_counts(self) -> dict[str, int]:
        """Jobs by state."""
        query = select(job_table.c.state, func.count()).group_by(job_table.c.state)
        if self._tenant is not None:
            query = query.where(submissions.of_tenant(self._tenant))
        with self._database.read() as connection:
            return {str(state): int(count) for state, count in connection.execute(query)}

    def queue_depth(self) -> int:
        """Pieces of work that wait."""
        query = select(func.count()).select_from(work).where(work.c.state == ShardState.QUEUED)
        with self._database.read() as connection:
            return int(connection.scalar(query) or 0)

    def ping(self) -> None:
        """Raise whatever the database raises if it cannot be read."""
        with self._database.read() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close every connection."""
        self._database.close()
