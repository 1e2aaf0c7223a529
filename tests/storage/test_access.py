"""Keys, tenants, quotas and the log: on both databases."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DatabaseError

from junco.contract.access import KeyRequest, Scope
from junco.contract.errors import IdempotencyKeyReused, JuncoError, NotFound, QuotaExceeded
from junco.storage import Blobs, Records, StorageSettings, Upload, open_records
from junco.storage.access import Deed
from junco.storage.access_tables import keys
from junco.storage.keys import Minted
from junco.storage.scoped import digest_in, key_in
from junco.storage.submissions import Once
from tests.storage.samples import MODEL, images, request
from tests.storage.steps import inspect

DEED = Deed("lab", "0" * 16, "POST /v1/models", "/v1/models", 201, "127.0.0.1", "r1")


@pytest.mark.parametrize("tenant", ["default", "lab", "a" * 27])
def test_a_rows_key_fits_its_column_and_leads_back(tenant: str) -> None:
    """For any tenant's name; only the default tenant's is the digest itself."""
    key = key_in(tenant, MODEL)
    assert digest_in(key) == MODEL
    assert len(key) <= 71
    assert (key == MODEL) is (tenant == "default")


def test_the_first_key_is_made_once_by_however_many_start(records: Records) -> None:
    """Eight processes that start together make one key."""
    asked = KeyRequest(name="first", scope=Scope.ADMIN)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda i: records.access.add_first(Minted(f"{i:016}", "h"), asked), range(8)))
    assert sum(key is not None for key in made) == len(records.access.keys()) == 1


def test_a_key_ends_by_the_databases_clock(records: Records) -> None:
    """It knows how long it has left; once over, it is not found."""
    access = records.access
    access.add(Minted("k", "h"), KeyRequest(name="x", tenant="lab", expires_in_seconds=60))
    found = access.find("k")
    assert found is not None
    assert (found.tenant, found.scope, found.hash) == ("lab", Scope.SUBMIT, "h")
    assert found.seconds_left == pytest.approx(60, abs=5)  # what the test itself takes
    with records._database.write() as connection:
        connection.execute(keys.update().values(expire_time=1.0))
    assert access.find("k") is None


def test_the_log_takes_lines_and_gives_none_up(records: Records) -> None:
    """Whoever asks the database to change or remove one is refused by it."""
    records.access.log(DEED)
    records.access.log(DEED)
    for statement in ("UPDATE audit SET status = 200", "DELETE FROM audit"):
        with pytest.raises(DatabaseError, match="append-only"), records._database.write() as connection:
            connection.execute(text(statement))
    lines = records.access.logged(after=None, size=10)
    assert [(line.tenant, line.status, line.action) for line in lines] == [("lab", 201, "POST /v1/models")] * 2


def test_one_idempotency_key_makes_one_job_however_many_ask_at_once(records: Records, model: str) -> None:
    """Also across processes: the key's row is taken in the transaction that makes the job."""
    inspect(records)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: records.submit_once(request(), Once("k")), range(6)))
    assert len({job.id for job, _ in answers}) == 1
    assert sorted(replayed for _, replayed in answers) == [False] + [True] * 5
    assert sum(records.job_counts().values()) == 1
    with pytest.raises(IdempotencyKeyReused):
        records.submit_once(request(seed=1), Once("k"))


def test_two_uploads_cannot_both_take_the_last_bytes(settings: StorageSettings, blobs: Blobs) -> None:
    """Charged in one transaction under the tenant's lock; another tenant has room of its own."""
    small = open_records(settings.model_copy(update={"tenant_bytes": 10}))
    uploads = [Upload(*blobs.put_stream([b"%06d" % i]), "m") for i in range(4)]

    def add(upload: Upload) -> str:
        try:
            small.add_model(upload, blobs)
        except QuotaExceeded as error:
            return error.code
        return "added"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(add, uploads)) == ["QUOTA_EXCEEDED"] * 3 + ["added"]
    assert small.of("lab").add_model(uploads[0], blobs)[1]
    assert small.room() == 4
    small.close()


def test_a_tenant_sees_only_its_own(records: Records, blobs: Blobs, model: str) -> None:
    """Uploads and jobs; the view without a tenant sees every job."""
    inspect(records)
    job = records.submit(request())
    lab = records.of("lab")
    for ask in (lambda: lab.model(model), lambda: lab.images(images().id), lambda: lab.submit(request())):
        with pytest.raises(NotFound):
            ask()
    for ask_job in (lab.job, lab.files, lab.cancel, lambda name: lab.remove_job(name, blobs)):
        with pytest.raises(NotFound, match="There is no validation"):
            ask_job(job.id)
    assert (lab.jobs(size=9), lab.models(size=9), lab.job_counts()) == ([], [], {})
    assert [found.id for found in records.jobs(size=9)] == [job.id]
    assert records.of("default").job(job.id) == job


def test_the_bytes_stay_while_any_tenant_has_them(records: Records, blobs: Blobs) -> None:
    """And go with the last."""
    digest, size = blobs.put_stream([b"shared"])
    tenants = [records.of(name) for name in ("default", "alpha", "beta")]
    assert [view.add_model(Upload(digest, size, "m"), blobs)[1] for view in tenants] == [True] * 3
    there = []
    for view in tenants:
        view.remove_model(digest, blobs)
        there.append(blobs.exists(digest))
    assert there == [True, True, False]


def test_deleting_and_uploading_the_same_bytes_at_once_loses_neither(records: Records, blobs: Blobs) -> None:
    """Whatever the order: a model that exists has its bytes."""
    alpha, beta = records.of("alpha"), records.of("beta")

    def upload(view: Records) -> str | None:
        digest, size = blobs.put_stream([b"shared"])
        try:
            return view.add_model(Upload(digest, size, "m"), blobs)[0].id
        except JuncoError:  # the bytes went between storing and adding: the client is told to send them again
            return None

    for _ in range(10):
        digest = upload(alpha)
        assert digest is not None
        with ThreadPoolExecutor(2) as pool:
            removed, added = pool.submit(alpha.remove_model, digest, blobs), pool.submit(upload, beta)
            removed.result()
            if added.result() is not None:
                assert blobs.exists(digest)
                beta.remove_model(digest, blobs)
        assert not blobs.exists(digest)


def test_every_job_has_an_owner(records: Records, model: str) -> None:
    """Jobs made before there were tenants belong to the default one."""
    inspect(records)
    job = records.submit(request())
    with records._database.write() as connection:
        connection.execute(text("DELETE FROM submissions"))
        assert connection.scalar(select(func.count()).select_from(keys)) == 0
    assert records.of("default").job(job.id).id == job.id
    assert [found.id for found in records.of("default").jobs(size=9)] == [job.id]
    assert records.revisions([job.id]) == {job.id: ("default", job.revision)}
    with pytest.raises(NotFound):
        records.of("lab").job(job.id)
