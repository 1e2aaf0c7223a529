"""What the records cost per shard, work itself left out: claim, renew and complete, for jobs of more and more shards.

Run: python -m benchmarks.coordinator [--most 10000] [--database-url postgresql+pg8000://...]
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from sqlalchemy import select

from junco.contract.base import digest_of
from junco.contract.catalogue import Verdict
from junco.contract.job import JobState
from junco.contract.plan import Shard
from junco.storage import (
    Computed,
    Finalised,
    Inspected,
    Records,
    StorageSettings,
    StoredFile,
    Upload,
    open_blobs,
    open_records,
)
from junco.storage.tables import jobs, work
from junco.storage.work import add_shards
from tests.storage.samples import images, report, request

PARTS = 10


def prepare(settings: StorageSettings) -> Records:
    """Records with an inspected model in them."""
    records, blobs = open_records(settings), open_blobs(settings)
    digest, size = blobs.put_stream([b"model"])
    records.add_model(Upload(digest, size, "model"), blobs)
    records.add_images(images())
    while (claim := records.claim_next("benchmark")) is not None:
        records.complete(claim, Inspected(report(digest)))
    return records


def submit(records: Records, count: int, seed: int) -> str:
    """A job whose shards were replaced by ``count`` copies of its first."""
    job = records.submit(request(seed=seed))
    with records._database.write() as connection:
        row = connection.execute(select(jobs).where(jobs.c.id == job.id)).mappings().one()
        payload = connection.scalar(select(work.c.payload).where(work.c.job_id == job.id, work.c.place == 0))
        connection.execute(work.delete().where(work.c.job_id == job.id))
        first = Shard.model_validate_json(str(payload))
        pieces = (first.model_copy(update={"index": index}) for index in range(count))
        add_shards(connection, row, pieces, max_attempts=3)
    return job.id


def drain(records: Records, count: int) -> list[float]:
    """Do every shard and the finale; seconds of each shard."""
    spent = []
    partial = Computed(digest_of(b"partial"))
    for _ in range(count):
        started = time.perf_counter()
        claim = records.claim_next("benchmark")
        assert claim is not None
        assert claim.shard is not None
        records.renew(claim, claim.shard.cost // 2)
        assert records.complete(claim, partial)
        spent.append(time.perf_counter() - started)
    return spent


def finish(records: Records, job: str) -> None:
    """The finale, whose cost is the job's and not a shard's."""
    claim = records.claim_next("benchmark")
    assert claim is not None
    file = StoredFile("outcome.json", "application/json", 2, digest_of(b"outcome"))
    assert records.complete(claim, Finalised(Verdict.PASS, (file,)))
    assert records.job(job).state is JobState.SUCCEEDED


def announced(records: Records, publish: Callable[[str], None]) -> float:
    """Seconds to ring every bell, the broker's own time left out."""
    started = time.perf_counter()
    records.publish_pending(publish)
    return time.perf_counter() - started


def measure(records: Records, counts: list[int]) -> float:
    """Print a line a job; the last job's median over the first's."""
    print(
        f"{'shards':>7} {'submit s':>9} {'bells ms/shard':>15} {'ms/shard':>9} {'first tenth':>12} {'last tenth':>11}"
    )
    medians = []
    for seed, count in enumerate(counts):
        started = time.perf_counter()
        job = submit(records, count, seed)
        submitted = time.perf_counter() - started
        bells = announced(records, lambda _: None)
        spent = drain(records, count)
        finish(records, job)
        part = max(count // PARTS, 1)
        first, last = 1000 * median(spent[:part]), 1000 * median(spent[-part:])
        medians.append(1000 * median(spent))
        line = f"{count:7d} {submitted:9.2f} {1000 * bells / count:15.3f} {medians[-1]:9.2f}"
        print(f"{line} {first:12.2f} {last:11.2f}", flush=True)
    return medians[-1] / medians[0]


def main() -> None:
    """Jobs of 10, 100, 1000 ... shards, one after the other in the same tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=10_000)
    parser.add_argument("--database-url", help="SQLite in a temporary folder if absent")
    told = parser.parse_args()
    counts = [10**power for power in range(1, len(str(told.most)))]
    with tempfile.TemporaryDirectory() as folder:
        settings = StorageSettings(home=Path(folder), database_url=told.database_url)
        records = prepare(settings)
        growth = measure(records, [count for count in counts if count <= told.most])
        records.close()
    print(f"cost of a shard in the largest job over the smallest: {growth:.2f}")


if __name__ == "__main__":
    main()
