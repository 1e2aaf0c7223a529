from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from junco.contract.catalogue import Verdict
from junco.contract.errors import Internal
from junco.contract.job import JobState, WorkKind
from junco.storage import Computed, Directive, Finalised, Inspected, Records
from junco.storage.database import clock
from junco.storage.tables import work
from tests.storage.samples import images, report, request
from tests.storage.steps import hand_in, inspect, lapse, shard_count, take

PROBLEM = Internal("It broke.").problem()


def test_a_claim_carries_all_that_the_work_needs(records: Records, model: str) -> None:
    """Inspection gets the hints; a shard gets plan, shard, report and images; finalise the partials in order."""
    job = records.submit(request())
    inspection = take(records)
    assert (inspection.kind, inspection.model, inspection.job_id) == (WorkKind.INSPECT, model, None)
    assert inspection.seconds_left is None
    records.complete(inspection, Inspected(report(model)))
    partials = []
    for place in range(shard_count()):
        claim = take(records)
        assert claim.shard is not None
        assert claim.plan is not None
        assert (claim.job_id, claim.shard.index, claim.images) == (job.id, place, images())
        assert claim.report == report(model)
        assert claim.plan.methods_of(claim.shard.check)
        assert 3590 < (claim.seconds_left or 0) <= 3600
        partials.append("sha256:" + str(place) * 64)
        records.complete(claim, Computed(partials[-1]))
    final = take(records)
    assert (final.kind, final.partials) == (WorkKind.FINALISE, tuple(partials))


def test_only_one_of_many_gets_a_piece(records: Records, model: str) -> None:
    """Eight workers race for one piece of work: one claim, attempt 1."""
    rung: list[str] = []
    records.publish_pending(rung.append)
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda i: records.claim(rung[0], f"w{i}"), range(8)))
    won = [claim for claim in claims if claim is not None]
    assert [claim.attempt for claim in won] == [1]
    assert records.claim_next("late") is None


def test_racing_workers_finish_a_job_exactly_once(records: Records, model: str) -> None:
    """Four workers on six jobs: every shard once, one finalise a job, all succeed."""
    inspect(records)
    jobs = [records.submit(request(seed=seed)).id for seed in range(6)]

    def run(owner: str) -> list[tuple[str | None, WorkKind]]:
        done = []
        while any(records.job(job).state is not JobState.SUCCEEDED for job in jobs):
            claim = records.claim_next(owner)
            if claim is not None and hand_in(records, claim):
                done.append((claim.job_id, claim.kind))
        return done

    with ThreadPoolExecutor(4) as pool:
        done = [entry for entries in pool.map(run, ["w1", "w2", "w3", "w4"]) for entry in entries]
    for job in jobs:
        assert done.count((job, WorkKind.SHARD)) == shard_count()
        assert done.count((job, WorkKind.FINALISE)) == 1


def test_a_lapsed_lease_goes_to_another_whose_writes_alone_count(records: Records, model: str) -> None:
    """The first owner learns that it was superseded, and nothing it writes lands."""
    inspect(records)
    job = records.submit(request())
    first = take(records, "w1")
    lapse(records, first)
    second = records.claim(first.work_id, "w2")
    assert second is not None
    assert second.attempt == 2
    assert records.renew(first, 5) is Directive.SUPERSEDED
    assert not records.complete(first, Computed("sha256:" + "f" * 64))
    assert not records.fail(first, PROBLEM, retry=False)
    assert not records.release(first)
    assert records.job(job.id).state is JobState.RUNNING
    assert records.renew(second, 5) is Directive.CONTINUE
    assert hand_in(records, second)
    assert not hand_in(records, second)


def test_the_same_owner_on_a_later_attempt_does_not_help_the_earlier(records: Records, model: str) -> None:
    """The fence is the attempt, even where the name is the same."""
    inspect(records)
    records.submit(request())
    first = take(records, "w1")
    lapse(records, first)
    second = records.claim(first.work_id, "w1")
    assert second is not None
    assert records.renew(first, 1) is Directive.SUPERSEDED
    assert records.renew(second, 1) is Directive.CONTINUE


def test_progress_is_monotone_and_bounded(records: Records, model: str) -> None:
    """A smaller report is not a step back, and no shard does more than it costs; not even over a second attempt."""
    inspect(records)
    job = records.submit(request())
    claim = take(records)
    assert claim.shard is not None
    seen = []
    for completed in (10, 5, 10**9):
        records.renew(claim, completed)
        seen.append(records.job(job.id).progress.completed)
    assert seen == [10, 10, claim.shard.cost]
    records.release(claim)
    again = take(records)
    records.renew(again, 1)
    assert records.job(job.id).progress.completed == claim.shard.cost


def test_a_revision_marks_every_visible_change_and_no_other(records: Records, model: str) -> None:
    """Renewals without progress leave the revision alone."""
    inspect(records)
    job = records.submit(request())
    claim = take(records)
    started = records.job(job.id).revision
    assert started > job.revision
    records.renew(claim, 0)
    assert records.job(job.id).revision == started
    records.renew(claim, 3)
    assert records.job(job.id).revision == started + 1


def test_released_work_is_not_charged(records: Records, model: str) -> None:
    """Ten shutdowns do not use up three attempts; the fencing token grows all the same."""
    inspect(records)
    job = records.submit(request())
    attempts = []
    for _ in range(10):
        claim = take(records)
        attempts.append(claim.attempt)
        assert records.release(claim)
    assert attempts == list(range(1, 11))
    take(records)
    assert records.job(job.id).attempt == 1


def test_a_failure_is_retried_while_attempts_are_left(records: Records, model: str) -> None:
    """Three attempts, then the job fails with the problem and its other pieces are canceled."""
    inspect(records)
    job = records.submit(request())
    sibling = None
    for attempt in (1, 2, 3):
        claim = take(records)
        sibling = sibling or take(records, "w2")
        assert claim.attempt == attempt
        assert records.fail(claim, PROBLEM, retry=True)
    shown = records.job(job.id)
    assert (shown.state, shown.error, shown.attempt) == (JobState.FAILED, PROBLEM, 3)
    assert sibling is not None
    assert records.renew(sibling) is Directive.CANCEL
    assert records.claim_next("w3") is None


def test_a_failure_for_good_is_not_retried(records: Records, model: str) -> None:
    """One attempt is enough where a second would do the same."""
    inspect(records)
    job = records.submit(request())
    records.fail(take(records), PROBLEM, retry=False)
    assert records.job(job.id).state is JobState.FAILED


def test_a_retry_waits_its_pause(records: Records, model: str) -> None:
    """Work that just failed is not claimed again at once where a pause is set."""
    slow = Records(records._database, records._settings.model_copy(update={"retry_seconds": 60.0}))
    claim = take(slow)
    slow.fail(claim, PROBLEM, retry=True)
    assert slow.claim(claim.work_id, "w2") is None
    assert slow.queue_depth() == 1


def test_work_that_was_handed_back_often_waits_no_longer_for_it(records: Records, model: str) -> None:
    """Twenty workers shut down with it; when it fails for the first time, its pause is the first one."""
    slow = Records(records._database, records._settings.model_copy(update={"retry_seconds": 60.0}))
    for _ in range(20):
        assert slow.release(take(slow))
    claim = take(slow)
    assert claim.attempt == 21
    assert slow.fail(claim, PROBLEM, retry=True)
    with slow._database.read() as connection:
        pause = connection.scalar(select(work.c.not_before - clock()).where(work.c.id == claim.work_id))
    assert pause == pytest.approx(60, abs=20)


def test_a_result_of_another_kind_is_a_bug(records: Records, model: str) -> None:
    """A shard's result cannot end an inspection, and an outcome without its file ends nothing."""
    claim = take(records)
    with pytest.raises(TypeError, match="Inspected"):
        records.complete(claim, Computed("sha256:" + "0" * 64))
    inspect_again = records.complete(claim, Inspected(report(model)))
    assert inspect_again
    records.submit(request())
    for _ in range(shard_count()):
        hand_in(records, take(records))
    with pytest.raises(ValueError, match=r"outcome\.json"):
        records.complete(take(records), Finalised(Verdict.PASS, ()))


def test_work_that_does_not_exist_is_not_claimed(records: Records, model: str) -> None:
    """A bell for nothing is no error."""
    assert records.claim("nothing", "w1") is None
