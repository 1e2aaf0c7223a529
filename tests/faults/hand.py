"""Jobs brought by hand to where a fault strikes, without a model or a runner."""

from sqlalchemy import update

from junco.contract.job import WorkKind
from junco.storage import Records, Upload
from junco.storage.blobs import Blobs
from junco.storage.claim import Claim, Computed, Finalised, Inspected, StoredFile
from junco.storage.database import clock
from junco.storage.tables import jobs
from tests.storage import samples


def finalising(records: Records, blobs: Blobs, *, seconds: float) -> tuple[Claim, Finalised]:
    """The claim of a job's last piece of work, and its result; the job's deadline is ``seconds`` from its start."""
    digest, size = blobs.put_stream([b"model"])
    records.add_model(Upload(digest, size, "model.pt", (3, 32, 32), None), blobs)
    records.add_images(samples.images())
    claim = records.claim_next("hand")
    assert claim is not None
    records.complete(claim, Inspected(samples.report()))
    records.submit(samples.request())
    partial, _ = blobs.put_stream([b"partial"])
    while (claim := records.claim_next("hand")) is not None and claim.kind is not WorkKind.FINALISE:
        records.complete(claim, Computed(partial))
    assert claim is not None
    assert claim.plan is not None
    with records._database.write() as connection:
        connection.execute(update(jobs).values(end_by=clock() + seconds))
    kept, size = blobs.put_stream([samples.outcome(claim.plan).model_dump_json().encode()])
    file = StoredFile("outcome.json", "application/json", size, kept)
    return claim, Finalised(samples.outcome(claim.plan).verdict, (file,))
