"""The records' part about work: taken, held, handed in or given back."""

from junco.contract.errors import Problem
from junco.storage import claims
from junco.storage.claim import Claim, Directive, Result
from junco.storage.view import View

_LOOK_AHEAD = 8
"""Candidates tried by one claim_next: others may be claiming the same ones."""


class Working(View):
    """Work, as workers see it. Every method is one transaction."""

    def claim(self, work_id: str, owner: str, *, lease_seconds: float | None = None) -> Claim | None:
        """Take this piece of work; None if it is gone, taken, not yet due, or no longer wanted.

        None too where another version cut the job's plan into other shards: then the job begins anew.
        """
        lease = lease_seconds or self._settings.lease_seconds
        with self._database.write() as connection:
            return claims.claim(connection, work_id, owner, lease_seconds=lease)

    def claim_next(self, owner: str, *, lease_seconds: float | None = None) -> Claim | None:
        """Take the piece of work that should go next; None if there is none."""
        with self._database.read() as connection:
            free = claims.candidates(connection, _LOOK_AHEAD)
        tried = (self.claim(work_id, owner, lease_seconds=lease_seconds) for work_id in free)
        return next((claim for claim in tried if claim is not None), None)

    def renew(self, claim: Claim, completed: int = 0) -> Directive:
        """Extend the lease and report progress (image passes); what the worker must do."""
        with self._database.write() as connection:
            return claims.renew(connection, claim, completed)

    def complete(self, claim: Claim, result: Result) -> bool:
        """Hand in a result; False if the claim was superseded or canceled, and then nothing was written."""
        with self._database.write() as connection:
            return claims.complete(connection, claim, result)

    def fail(self, claim: Claim, problem: Problem, *, retry: bool) -> bool:
        """Report a failed attempt; with ``retry`` it is tried again while attempts are left. False if superseded."""
        with self._database.write() as connection:
            return claims.fail(connection, claim, problem, retry=retry, pause=self._settings.retry_seconds)

    def release(self, claim: Claim) -> bool:
        """Give work back, the attempt not charged: the worker shuts down. False if superseded."""
        with self._database.write() as connection:
            return claims.release(connection, claim)
