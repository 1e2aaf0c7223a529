"""Random histories of clients, workers, crashes, sweeps and lost bells, against the store's shadow.

The invariants: I1 every accepted job ends; I2 its end never changes; I3 the same plan gives the same bytes whatever the
attempts; I4 nothing is readable before it is complete; I5 nothing is left over; I6 attempts and sums match the rows.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select, update

from junco.contract.base import digest_of
from junco.contract.catalogue import Verdict
from junco.contract.errors import Internal, JobAlreadyFinished
from junco.contract.job import JobState, ShardState
from junco.contract.resolve import resolve
from junco.contract.sharding import shards
from junco.storage import (
    Claim,
    Computed,
    Directive,
    Finalised,
    Records,
    StorageSettings,
    StoredFile,
    Upload,
    open_blobs,
    open_records,
)
from junco.storage.tables import jobs, outbox, work
from tests.storage.samples import images, report, request
from tests.storage.shadow import MOST, Piece, ShadowJob
from tests.storage.steps import inspect

PROBLEM = Internal("It broke.").problem()
COSTS = [shard.cost for shard in shards(resolve(request(), report(), images()))]


@dataclass(frozen=True)
class Held:
    """A claim, and what it was made on."""

    claim: Claim
    job: str
    piece: Piece

    @property
    def good(self) -> bool:
        """Whether its writes must land: it is the latest attempt, and still running."""
        return self.piece.state is ShardState.RUNNING and self.piece.attempt == self.claim.attempt


class Histories(RuleBasedStateMachine):
    """One step is one call of some process, at whatever moment."""

    submitted = Bundle("submitted")
    claims = Bundle("claims")

    def __init__(self, records: Records) -> None:
        super().__init__()
        self.records = records
        self.shadow: dict[str, ShadowJob] = {}
        self.ends: dict[str, object] = {}
        self.waiting: set[str] = set()
        with records._database.write() as connection:
            connection.execute(work.delete().where(work.c.job_id.is_not(None)))
            connection.execute(jobs.delete())

    # -- clients

    @rule(target=submitted)
    def submit(self) -> str:
        pieces = [Piece(cost=cost, place=place) for place, cost in enumerate(COSTS)]
        job = self.records.submit(request()).id
        self.shadow[job] = ShadowJob(pieces)
        return job

    @rule(job=submitted)
    def cancel(self, job: str) -> None:
        shadow = self.shadow[job]
        refused = shadow.state in (JobState.SUCCEEDED, JobState.FAILED, JobState.EXPIRED)
        try:
            self.records.cancel(job)
        except JobAlreadyFinished:
            assert refused
        else:
            assert not refused
            shadow.cancel()

    # -- workers

    @rule(target=claims, owner=st.sampled_from(["w1", "w2"]))
    def claim(self, owner: str) -> Held | None:
        claim = self.records.claim_next(owner)
        free = [(job, piece) for job, shadow in self.shadow.items() for piece in shadow.claimable()]
        if claim is None:
            assert free == []
            return None
        held = self._held(claim)
        assert any(piece is held.piece for _, piece in free)
        return held

    def _held(self, claim: Claim) -> Held:
        assert claim.job_id is not None
        shadow = self.shadow[claim.job_id]
        place = None if claim.shard is None else claim.shard.index
        piece = next(piece for piece in shadow.pieces if piece.place == place)
        shadow.claim(piece)
        assert claim.attempt == piece.attempt
        if place is None:
            assert claim.partials == tuple(piece.partial for piece in shadow.pieces if piece.place is not None)
        return Held(claim, claim.job_id, piece)

    @rule(held=claims)
    def ring_twice(self, held: Held | None) -> None:
        if held is None or held.piece in self.shadow[held.job].claimable():
            return
        assert self.records.claim(held.claim.work_id, "w3") is None

    @rule(held=claims, part=st.floats(0, 1.5))
    def renew(self, held: Held | None, part: float) -> None:
        if held is None:
            return
        done = int(part * held.piece.cost)
        directive = self.records.renew(held.claim, done)
        if held.good:
            held.piece.completed = max(held.piece.completed, min(done, held.piece.cost))
            held.piece.lapsed = False
            canceling = self.shadow[held.job].state is JobState.CANCELING
            assert directive is (Directive.CANCEL if canceling else Directive.CONTINUE)
        else:
            assert directive is not Directive.CONTINUE

    @rule(held=claims)
    def complete(self, held: Held | None) -> None:
        if held is None:
            return
        good = held.good
        result = Computed(held.piece.partial) if held.piece.place is not None else finale(held.claim)
        assert self.records.complete(held.claim, result) == good
        if good:
            self.shadow[held.job].complete(held.piece)

    @rule(held=claims, retry=st.booleans())
    def fail(self, held: Held | None, retry: bool) -> None:
        if held is None:
            return
        good = held.good
        assert self.records.fail(held.claim, PROBLEM, retry=retry) == good
        if good:
            self.shadow[held.job].fail(held.piece, retry=retry)

    @rule(held=claims)
    def release(self, held: Held | None) -> None:
        if held is None:
            return
        good = held.good
        assert self.records.release(held.claim) == good
        if good:
            self.shadow[held.job].release(held.piece)

    # -- faults and housekeeping

    @rule(held=consumes(claims))
    def crash(self, held: Held | None) -> None:
        if held is not None and held.good:
            held.piece.lapsed = True
            with self.records._database.write() as connection:
                connection.execute(update(work).where(work.c.id == held.claim.work_id).values(lease_until=1.0))

    @rule()
    def sweep(self) -> None:
        self.records.sweep()
        for shadow in self.shadow.values():
            shadow.reap()

    @rule(job=submitted)
    def run_out_of_time(self, job: str) -> None:
        with self.records._database.write() as connection:
            connection.execute(update(jobs).where(jobs.c.id == job).values(start_by=1.0, end_by=1.0))
        self.records.sweep()
        for shadow in self.shadow.values():
            shadow.reap()
        shadow = self.shadow[job]
        if shadow.state is JobState.QUEUED:
            shadow.end(JobState.EXPIRED)
        elif shadow.state is JobState.RUNNING:
            shadow.end(JobState.FAILED)

    @rule()
    def publish(self) -> None:
        rung: list[str] = []
        self.records.publish_pending(rung.append)
        with self.records._database.read() as connection:
            query = select(work.c.id).where(work.c.state == ShardState.QUEUED)
            queued = set(connection.scalars(query))
            silent = select(outbox.c.work_id).where(outbox.c.published_at.is_(None))
            assert set(rung) <= queued
            assert queued.isdisjoint(connection.scalars(silent))

    # -- what always holds

    @invariant()
    def the_store_is_as_its_shadow(self) -> None:
        for job_id, shadow in self.shadow.items():
            job = self.records.job(job_id)
            assert (job.state, job.attempt) == (shadow.state, shadow.attempt)
            assert shadow.seen <= job.progress.completed == shadow.completed <= (job.progress.total or 0)
            assert job.attempt <= MOST
            shadow.seen = job.progress.completed
            files = [file.name for file in self.records.files(job_id)]
            assert files == (["outcome.json"] if shadow.state is JobState.SUCCEEDED else [])
            if shadow.ended:
                told = (job.state, job.verdict, job.error, job.end_time, job.revision)
                assert self.ends.setdefault(job_id, told) == told

    @invariant()
    def rows_match(self) -> None:
        with self.records._database.read() as connection:
            over = select(work.c.id).where(work.c.attempt - work.c.released > work.c.max_attempts)
            assert connection.execute(over).first() is None
            ended = select(jobs.c.id).where(jobs.c.end_time.is_not(None))
            live = work.c.state.in_((ShardState.QUEUED, ShardState.RUNNING))
            assert connection.execute(select(work.c.id).where(live, work.c.job_id.in_(ended))).first() is None

    def teardown(self) -> None:
        """Peace: whoever held work is gone, one good worker does what is left."""
        with self.records._database.write() as connection:
            running = work.c.state == ShardState.RUNNING
            connection.execute(update(work).where(running).values(lease_until=1.0))
        self.records.sweep()
        while (claim := self.records.claim_next("good")) is not None:
            place = None if claim.shard is None else claim.shard.index
            result = finale(claim) if place is None else Computed(Piece(cost=0, place=place).partial)
            assert self.records.complete(claim, result)
        self.records.publish_pending(lambda _: None)
        wanted = digest_of("".join(Piece(cost=0, place=place).partial for place in range(len(COSTS))).encode())
        for job_id in self.shadow:
            job = self.records.job(job_id)
            assert job.state.is_terminal
            if job.state is JobState.SUCCEEDED:
                assert [file.digest for file in self.records.files(job_id)] == [wanted]
        with self.records._database.read() as connection:
            left = select(func.count()).select_from(work).where(work.c.state.in_(("queued", "running")))
            leased = select(func.count()).select_from(work).where(work.c.lease_until.is_not(None))
            assert (connection.scalar(left), connection.scalar(leased)) == (0, 0)


def finale(claim: Claim) -> Finalised:
    """An outcome that is a function of the partials."""
    digest = digest_of("".join(claim.partials).encode())
    return Finalised(Verdict.PASS, (StoredFile("outcome.json", "application/json", 2, digest),))


@pytest.fixture
def prepared(request: pytest.FixtureRequest) -> Iterator[Records]:
    """Records with an inspected model; on a disk in memory where there is one: every step waits for the disk."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        url = request.getfixturevalue("empty_postgres") if request.param == "postgresql" else None
        told = StorageSettings(home=Path(folder), database_url=url, retry_seconds=0.0)
        records, blobs = open_records(told), open_blobs(told)
        digest, size = blobs.put_stream([b"model"])
        records.add_model(Upload(digest, size, "model"), blobs)
        records.add_images(images())
        inspect(records)
        yield records
        records.close()


def run(records: Records, examples: int, steps: int, **options: Any) -> None:
    told = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        **options,
    )
    run_state_machine_as_test(lambda: Histories(records), settings=told)


@pytest.mark.parametrize("prepared", ["sqlite"], indirect=True)
def test_every_history_keeps_the_invariants(prepared: Records) -> None:
    """The same histories at every run, so that a failure is one."""
    # Not shrunk: that takes minutes where every step is a transaction. The slow test does.
    run(prepared, 15, 25, derandomize=True, database=None, phases=[Phase.generate])


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("prepared", ["sqlite", "postgresql"], indirect=True)
def test_many_new_histories_keep_the_invariants(prepared: Records) -> None:
    """Others at every run, longer ones, on both databases."""
    run(prepared, 150, 60)
