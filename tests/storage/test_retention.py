"""What grows old goes, and nothing that is in use."""

import pytest
from sqlalchemy import text, update

from junco.contract.base import digest_of
from junco.contract.catalogue import Verdict
from junco.contract.errors import NotFound, ResultExpired
from junco.contract.images import ImageFile, ImageSet
from junco.contract.job import JobState
from junco.storage import Blobs, Claim, Computed, Finalised, Inspected, Records, StoredFile, Upload
from junco.storage.references import referred
from junco.storage.submissions import Once
from junco.storage.tables import image_sets, jobs
from junco.storage.tables import models as model_table
from tests.storage.samples import images, report, request
from tests.storage.steps import hand_in, inspect, take

DAY = 86400.0


@pytest.fixture
def keeping(records: Records) -> Records:
    """Ten days, and orphans at once."""
    changed = {"retention_days": 10.0, "orphan_seconds": 1e-9}
    return Records(records._database, records._settings.model_copy(update=changed))


def aged(records: Records, days: float) -> None:
    """Let that many days pass for every row."""
    with records._database.write() as connection:
        for column in (jobs.c.end_time, jobs.c.create_time, image_sets.c.create_time, image_sets.c.used):
            connection.execute(update(column.table).values({column: column - days * DAY}))
        for column in (model_table.c.create_time, model_table.c.used):
            connection.execute(update(model_table).values({column: column - days * DAY}))


def finished(records: Records, blobs: Blobs, **changes: object) -> tuple[str, str, str]:
    """A job that succeeded; its id, and the digests of a partial and of its outcome."""
    job = records.submit(request(**changes)).id
    partial, _ = blobs.put_stream([b"partial of ", job.encode()])
    outcome, size = blobs.put_stream([b"outcome of ", job.encode()])
    while (claim := records.claim_next("w")) is not None:
        if claim.shard is not None:
            records.complete(claim, Computed(partial))
        else:
            files = (StoredFile("outcome.json", "application/json", size, outcome),)
            records.complete(claim, Finalised(Verdict.PASS, files))
    return job, partial, outcome


def test_files_of_an_old_result_go_and_its_verdict_stays(keeping: Records, blobs: Blobs, model: str) -> None:
    """The bytes are gone, the job says what it said, and asking for the files is answered by name."""
    inspect(keeping)
    old, partial, outcome = finished(keeping, blobs)
    before = keeping.job(old)
    aged(keeping, 11)
    young, *kept = finished(keeping, blobs, seed=1)
    found = keeping.upkeep.retain(blobs)
    assert found.results == 1
    assert not blobs.exists(partial)
    assert not blobs.exists(outcome)
    assert all(blobs.exists(digest) for digest in kept)
    after = keeping.job(old)
    assert (after.state, after.verdict, after.plan) == (JobState.SUCCEEDED, Verdict.PASS, before.plan)
    assert after.revision > before.revision
    with pytest.raises(ResultExpired) as caught:
        keeping.files(old)
    assert caught.value.status == 410
    assert [file.digest for file in keeping.files(young)] == kept[1:]
    assert keeping.upkeep.retain(blobs).results == 0


def test_a_result_whose_files_are_gone_answers_no_equal_request(keeping: Records, blobs: Blobs, model: str) -> None:
    """It is computed anew; and until the files go, the finished one answers."""
    inspect(keeping)
    old, *_ = finished(keeping, blobs)
    again = Once(reuse=True)
    answer, reused = keeping.submit_once(request(), again)
    assert (answer.id, reused) == (old, True)
    with keeping._database.write() as connection:  # the result alone grows old, not the uploads that it rests on
        connection.execute(update(jobs).values(end_time=jobs.c.end_time - 11 * DAY))
    assert keeping.upkeep.retain(blobs).results == 1
    answer, reused = keeping.submit_once(request(), again)
    assert answer.id != old
    assert (reused, answer.state) == (False, JobState.QUEUED)


def test_without_a_limit_nothing_grows_old(records: Records, blobs: Blobs, model: str) -> None:
    """Results are kept until somebody deletes them."""
    inspect(records)
    job, partial, outcome = finished(records, blobs)
    aged(records, 10_000)
    assert records.upkeep.retain(blobs).results == 0
    assert blobs.exists(partial)
    assert [file.digest for file in records.files(job)] == [outcome]


def test_a_live_job_keeps_all_that_it_needs_however_old(keeping: Records, blobs: Blobs) -> None:
    """Model, images and partials of a job that waits or runs; it then finishes as ever."""
    digest, size = blobs.put_stream([b"model"])
    files = []
    for i in range(24):
        blob, _ = blobs.put_stream([b"image %d" % i])
        files.append(ImageFile(name=f"{i}.png", blob=blob, media_type="image/png", width=32, height=32))
    keeping.add_model(Upload(digest, size, "model"), blobs)
    stored, _ = keeping.add_images(ImageSet.of(tuple(files)))
    inspect(keeping)
    job = keeping.submit(request(image_set=stored.id))
    partial, _ = blobs.put_stream([b"partial"])
    keeping.complete(take(keeping), Computed(partial))
    aged(keeping, 1000)
    found = keeping.upkeep.retain(blobs)
    assert (found.results, found.uploads, found.orphans) == (0, 0, 0)
    assert all(blobs.exists(name) for name in (digest, partial, *(file.blob for file in files)))
    while (claim := keeping.claim_next("w")) is not None:
        assert hand_in(keeping, claim)
    assert keeping.job(job.id).state is JobState.SUCCEEDED


def test_uploads_that_nobody_uses_go_and_those_of_late_stay(keeping: Records, blobs: Blobs, model: str) -> None:
    """Used means uploaded again, or named by a job, within the time; the bytes of both go as well."""
    aged(keeping, 11)
    keeping.add_images(images())
    assert keeping.upkeep.retain(blobs).uploads == 1
    assert not blobs.exists(model)
    with pytest.raises(NotFound):
        keeping.model(model)
    assert keeping.images(images().id).count == 24
    aged(keeping, 11)
    assert keeping.upkeep.retain(blobs).uploads == 1
    with pytest.raises(NotFound):
        keeping.images(images().id)


def test_bytes_that_nothing_names_go_when_they_are_old_enough(keeping: Records, blobs: Blobs, model: str) -> None:
    """An upload that never became a resource; not one that just came, which may be about to become one."""
    orphan, _ = blobs.put_stream([b"nobody's"])
    patient = Records(keeping._database, keeping._settings.model_copy(update={"orphan_seconds": 3600.0}))
    assert patient.upkeep.retain(blobs).orphans == 0
    assert keeping.upkeep.retain(blobs).orphans == 1
    assert not blobs.exists(orphan)
    assert blobs.exists(model)


def test_every_kind_of_reference_counts(records: Records, blobs: Blobs, model: str) -> None:
    """Model, image, partial, file of a result; and another tenant's model of the same bytes."""
    inspect(records)
    _, partial, outcome = finished(records, blobs)
    other, size = blobs.put_stream([b"another"])
    records.of("theirs").add_model(Upload(other, size, "model"), blobs)
    with records._database.read() as connection:
        named = [model, images().files[3].blob, partial, outcome, other]
        assert [referred(connection, digest) for digest in named] == [True] * 5
        assert not referred(connection, digest_of(b"nothing"))


def test_a_picture_that_is_also_somebodys_image_outlives_the_result(records: Records, blobs: Blobs, model: str) -> None:
    """Equal bytes have one address: deleting a job must not take an image set's bytes with it."""
    inspect(records)
    job, _, outcome = finished(records, blobs)
    shared = ImageFile(name="map.png", blob=outcome, media_type="image/png", width=32, height=32)
    records.add_images(ImageSet.of((shared,)))
    records.remove_job(job, blobs)
    assert blobs.exists(outcome)


def test_pictures_that_a_job_on_another_model_is_about_to_hand_in_stay(
    records: Records, blobs: Blobs, model: str
) -> None:
    """Photos are the same bytes for every model: a result deleted meanwhile takes none from one that is being made."""
    inspect(records)
    first = records.submit(request()).id
    records.complete(last_of(records, blobs), Finalised(Verdict.PASS, pictured(blobs, first)))
    other, size = blobs.put_stream([b"another model"])
    records.add_model(Upload(other, size, "another"), blobs)
    assert records.complete(take(records), Inspected(report(other)))
    second = records.submit(request(other)).id
    claim, stored = last_of(records, blobs), pictured(blobs, second)
    records.remove_job(first, blobs)
    assert records.complete(claim, Finalised(Verdict.PASS, stored))
    assert [file.name for file in records.files(second) if not blobs.exists(file.digest)] == []


def last_of(records: Records, blobs: Blobs) -> Claim:
    """The claim on a job's finale, its shards done."""
    while (claim := take(records)).shard is not None:
        partial, _ = blobs.put_stream([b"partial of ", claim.work_id.encode()])
        assert records.complete(claim, Computed(partial))
    return claim


def pictured(blobs: Blobs, job: str) -> tuple[StoredFile, ...]:
    """A result's files, stored: its own outcome, and a photo like any other result's."""
    outcome, length = blobs.put_stream([b"outcome of ", job.encode()])
    photo, size = blobs.put_stream([b"photo 0"])
    return (
        StoredFile("outcome.json", "application/json", length, outcome),
        StoredFile("photos/0.png", "image/png", size, photo),
    )


def test_removed_rows_leave_no_orphans_in_the_tables(keeping: Records, blobs: Blobs, model: str) -> None:
    """Work, bells, artifacts and image blobs go with what they belong to."""
    inspect(keeping)
    finished(keeping, blobs)
    aged(keeping, 11)
    keeping.upkeep.retain(blobs)
    with keeping._database.read() as connection:
        for table in ("work", "outbox", "artifacts", "image_blobs", "image_sets", "models"):
            assert connection.scalar(text(f"SELECT count(*) FROM {table}")) == 0, table
        assert connection.scalar(text("SELECT count(*) FROM jobs")) == 1
    assert list(blobs.listing()) == []
