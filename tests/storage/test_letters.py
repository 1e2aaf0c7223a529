"""Dead letters: seen until they are settled, and done again by something new."""

import pytest

from junco.contract.errors import Conflict, Internal, ModelUnreadable, NotFound, RunnerCrashed
from junco.contract.job import InspectionState, JobState, WorkKind
from junco.storage import Blobs, Inspected, Records, Upload
from tests.storage.samples import images, report, request
from tests.storage.steps import hand_in, inspect, lapse, take

CRASH = RunnerCrashed("It died by signal 11.", found="SIGSEGV").problem()


def lost(records: Records) -> None:
    """Let every attempt at the next piece of work end with its worker gone."""
    for _ in range(3):
        lapse(records, take(records))
        records.sweep()


def test_no_failure_is_no_letter(records: Records, model: str) -> None:
    """Work that waits, runs, is done or was canceled is none."""
    inspect(records)
    job = records.submit(request())
    take(records)
    records.cancel(job.id)
    assert records.upkeep.dead_letters(size=10) == []
    assert records.upkeep.dead_letter_count() == 0


def test_lost_work_is_a_letter_and_its_retry_a_new_job(records: Records, model: str) -> None:
    """The old job stays failed, the new one does the same plan, and the letter is gone."""
    inspect(records)
    job = records.submit(request())
    lost(records)
    (letter,) = records.upkeep.dead_letters(size=10)
    assert (letter.kind, letter.validation, letter.model) == (WorkKind.SHARD, job.id, model)
    assert (letter.attempts, letter.problem.code) == (3, "WORKER_LOST")
    assert letter.time == records.job(job.id).end_time
    retried = records.upkeep.retry(letter.id)
    assert retried.validation not in (None, job.id)
    fresh = records.job(str(retried.validation))
    assert (fresh.state, fresh.request) == (JobState.QUEUED, job.request)
    assert records.job(job.id).state is JobState.FAILED
    assert records.upkeep.dead_letters(size=10) == []
    with pytest.raises(NotFound):
        records.upkeep.retry(letter.id)
    while (claim := records.claim_next("w")) is not None:
        hand_in(records, claim)
    assert records.job(fresh.id).state is JobState.SUCCEEDED


def test_a_crash_is_a_letter_after_one_attempt(records: Records, model: str) -> None:
    """What a second try would only repeat is not tried again, and is seen all the same."""
    inspect(records)
    records.submit(request())
    records.fail(take(records), CRASH, retry=False)
    (letter,) = records.upkeep.dead_letters(size=10)
    assert (letter.attempts, letter.problem.code) == (1, "RUNNER_CRASHED")


def test_a_lost_inspection_is_asked_for_again(records: Records, blobs: Blobs, model: str) -> None:
    """The model waits anew; its letter is settled, and by an upload of the same bytes too."""
    lost(records)
    (letter,) = records.upkeep.dead_letters(size=10)
    assert (letter.kind, letter.validation) == (WorkKind.INSPECT, None)
    assert records.model(model).inspection is InspectionState.REJECTED
    assert records.upkeep.retry(letter.id).model == model
    assert records.model(model).inspection is InspectionState.QUEUED
    assert records.upkeep.dead_letters(size=10) == []
    lost(records)
    assert records.upkeep.dead_letter_count() == 1
    records.add_model(Upload(model, 5, "model"), blobs)
    assert records.upkeep.dead_letter_count() == 0
    inspect(records)
    assert records.model(model).inspection is InspectionState.DONE


def test_a_retry_that_cannot_be_accepted_leaves_the_letter(records: Records, blobs: Blobs, model: str) -> None:
    """The model is gone: refused by name, and nothing has changed."""
    inspect(records)
    records.submit(request())
    records.fail(take(records), CRASH, retry=False)
    records.remove_model(model, blobs)
    (letter,) = records.upkeep.dead_letters(size=10)
    with pytest.raises(NotFound, match="no model"):
        records.upkeep.retry(letter.id)
    assert records.upkeep.dead_letters(size=10) == [letter]


def test_letters_come_in_pages_newest_first(records: Records, model: str) -> None:
    """Three failures, two pages."""
    inspect(records)
    for seed in range(3):
        records.submit(request(seed=seed))
        records.fail(take(records), CRASH, retry=False)
    first = records.upkeep.dead_letters(size=2)
    rest = records.upkeep.dead_letters(after=first[-1].id, size=2)
    assert [letter.id for letter in (*first, *rest)] == sorted((letter.id for letter in (*first, *rest)), reverse=True)
    assert (len(first), len(rest)) == (2, 1)


def test_a_retry_belongs_to_the_tenant_of_the_first(records: Records, blobs: Blobs, model: str) -> None:
    """The operator retries; the tenant sees the new job, and another does not."""
    theirs = records.of("theirs")
    theirs.add_model(Upload(model, 5, "model"), blobs)
    theirs.add_images(images())
    while (claim := records.claim_next("w")) is not None and claim.kind is WorkKind.INSPECT:
        records.complete(claim, Inspected(report(model)))
    job = theirs.submit(request())
    records.fail(take(records), CRASH, retry=False)
    (letter,) = records.upkeep.dead_letters(size=10)
    assert (letter.validation, letter.model) == (job.id, model)
    fresh = str(records.upkeep.retry(letter.id).validation)
    assert theirs.job(fresh).request == job.request
    with pytest.raises(NotFound):
        records.of("others").job(fresh)


@pytest.mark.parametrize(
    ("error", "tried"), [(Internal, 3), (RunnerCrashed, 1), (ModelUnreadable, 1)], ids=lambda value: str(value)
)
def test_only_what_may_be_the_machines_fault_is_tried_again(
    records: Records, model: str, error: type[Internal], tried: int
) -> None:
    """An error knows whether another attempt may do: ``internal`` may, a crash or a bad model may not."""
    inspect(records)
    records.submit(request())
    attempts = 0
    while (claim := records.claim_next("w")) is not None:
        attempts += 1
        records.fail(claim, error("No.").problem(), retry=error.retryable)
    assert attempts == tried


def test_an_inspection_that_succeeded_since_is_not_undone(records: Records, blobs: Blobs, model: str) -> None:
    """A letter that was settled meanwhile: refused."""
    lost(records)
    (letter,) = records.upkeep.dead_letters(size=10)
    records.upkeep.retry(letter.id)
    with pytest.raises((NotFound, Conflict)):
        records.upkeep.retry(letter.id)
