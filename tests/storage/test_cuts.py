"""Jobs whose plan another version cut into other shards: they begin anew, and no old partial is taken for a new one."""

import pytest
from sqlalchemy import select, update

from junco.contract import sharding
from junco.contract.base import digest_of
from junco.contract.errors import VersionsDiffer
from junco.contract.job import JobState, WorkKind
from junco.contract.plan import Plan
from junco.contract.sharding import cut_of, shards, total_cost
from junco.storage import Computed, Directive, Records, StorageSettings
from junco.storage.cuts import cut_now
from junco.storage.database import clock
from junco.storage.tables import jobs
from tests.storage.samples import request
from tests.storage.steps import OUTCOME, PARTIAL, hand_in, inspect, shard_count, take

OTHERWISE = digest_of(b"another cut")


@pytest.fixture
def job(records: Records, model: str) -> str:
    """Planned and not begun."""
    inspect(records)
    return records.submit(request()).id


def upgraded(records: Records, cut: str | None = OTHERWISE) -> None:
    """Let what there is have been cut by another version, or by one that kept no cut."""
    with records._database.write() as connection:
        connection.execute(update(jobs).values(cut=cut))


def finish(records: Records) -> list[str]:
    """Work until there is none; the partials that the outcome rests on."""
    given: list[str] = []
    # A claim that finds another cut gets nothing, and the next one gets the first of the new shards.
    while (claim := records.claim_next("w1") or records.claim_next("w1")) is not None:
        given += claim.partials
        if claim.kind is WorkKind.SHARD:
            assert records.complete(claim, Computed(digest_of(b"fresh")))
        else:
            assert hand_in(records, claim)
    return given


def test_a_job_half_done_under_another_cut_is_measured_anew(
    records: Records, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None of the old partials reaches the outcome, whose shards are this version's; progress goes on, never back."""
    inspect(records)
    with monkeypatch.context() as before:
        before.setattr(sharding, "_CELLS_PER_SHARD", 3)
        cut_now.cache_clear()  # as in a new process, which another version is
        job = records.submit(request()).id
        old = shard_count()
        assert hand_in(records, take(records))
    cut_now.cache_clear()
    done = records.job(job).progress.completed
    assert finish(records) == [digest_of(b"fresh")] * shard_count()
    assert 0 < shard_count() != old
    ended = records.job(job)
    assert ended.plan is not None
    assert (ended.state, records.files(job)) == (JobState.SUCCEEDED, (OUTCOME,))
    assert ended.progress.completed == ended.progress.total == done + total_cost(ended.plan)


def test_an_outcome_is_not_drawn_from_another_cut(records: Records, job: str) -> None:
    """All shards were done and only FINALISE waited: it is not handed out either."""
    for _ in range(shard_count()):
        hand_in(records, take(records))
    upgraded(records)
    assert finish(records) == [digest_of(b"fresh")] * shard_count()


def test_whoever_works_under_the_old_cut_is_superseded(records: Records, job: str) -> None:
    """Its next renewal says so, and what it hands in is not written."""
    old = take(records)
    upgraded(records)
    assert records.claim_next("new") is None
    assert records.renew(old, 1) is Directive.SUPERSEDED
    assert not hand_in(records, old)
    assert not records.fail(old, VersionsDiffer("No.").problem(), retry=True)
    assert take(records, "new").kind is WorkKind.SHARD


def test_it_has_the_whole_time_again_and_its_bells_ring_again(records: Records, job: str) -> None:
    """The deadline counts from where it began anew, and workers that wait for bells hear of the new shards."""
    hand_in(records, take(records))
    records.publish_pending(lambda _: None)
    with records._database.write() as connection:
        connection.execute(update(jobs).values(end_by=clock() + 5.0, cut=OTHERWISE))
    assert records.claim_next("w1") is None
    rung: list[str] = []
    assert records.publish_pending(rung.append) == shard_count()
    claim = records.claim(rung[0], "w1")
    assert claim is not None
    assert claim.seconds_left == pytest.approx(request().timeout_seconds, abs=60.0)


def test_jobs_of_before_cuts_were_kept_go_on_as_they_are(records: Records, job: str) -> None:
    """What they have measured is used."""
    hand_in(records, take(records))
    upgraded(records, None)
    assert finish(records) == [PARTIAL] + [digest_of(b"fresh")] * (shard_count() - 1)


def test_a_job_that_was_cut_as_here_goes_on(records: Records, job: str) -> None:
    """The digest is that of the stored plan; nothing is measured twice."""
    hand_in(records, take(records))
    with records._database.read() as connection:
        plan, cut = connection.execute(select(jobs.c.plan, jobs.c.cut)).one()
    assert cut == cut_now(plan) == cut_of(shards(Plan.model_validate_json(plan)))
    assert finish(records) == [PARTIAL] + [digest_of(b"fresh")] * (shard_count() - 1)


def test_two_versions_at_once_end_a_job_by_name(records: Records, settings: StorageSettings, job: str) -> None:
    """Each begins it anew; after as many times as a piece has attempts it fails, instead of going on for ever."""
    for _ in range(settings.max_attempts):
        take(records)
        upgraded(records)
        assert records.claim_next("w1") is None
    assert records.job(job).state is JobState.RUNNING
    upgraded(records)
    assert records.claim_next("w1") is None
    failed = records.job(job)
    assert failed.error is not None
    assert (failed.state, failed.error.code) == (JobState.FAILED, "VERSIONS_DIFFER")
    assert failed.error.expected == f"shards {OTHERWISE}"
    assert records.queue_depth() == 0
