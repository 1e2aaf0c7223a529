"""What a second worker gains: one job of 16 shards or more by one worker, then by two, on the cores of this machine.

Run: python -m benchmarks.two_workers [--rounds 1] [--samples 60]. Each worker's runner has one thread. Prints seconds,
the gain, and what two bare processes gain at the same work (benchmarks/ceiling.py), before and after; the goal of 1.7
needs two cores that do nothing else.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.ceiling import ceiling
from junco.contract.job import JobState
from junco.storage import StorageSettings, open_records
from tests.e2e.conftest import scripted
from tests.e2e.processes import installation, wait_until
from tests.e2e.talk import Talk
from tests.faults.nemesis import digits_in
from tests.truth import product
from tests.truth.digits import Widths, cnn, split, trained

EACH = 20
"""Digits of every class: as many as fill the groups of images of ``thorough``, and so make the most shards."""


def plan_of(samples: int) -> dict[str, Any]:
    """SmoothGrad with so many samples: how long a shard computes, beside the start of its runner."""
    methods = [{"method": "smoothgrad", "parameters": {"samples": samples}}]
    return {"methods": methods, "checks": ["parameter_randomization"], "profile": "thorough"}


def measured(folder: Path, workers: int, plan: dict[str, Any]) -> tuple[float, int]:
    """Seconds from the submission to the end of a job by ``workers`` that are warm, and its shards."""
    train, test = split()
    network = trained(cnn(Widths(16, 32, 64)), train[slice(0, 800)], epochs=1)
    with installation(folder, poll_seconds=0.05) as made:
        made.service()
        for _ in range(workers):
            made.worker()
        with Talk(made) as client:
            wait_until(lambda: len(client.get("/v1/status").json()["workers"]) == workers, 120)
            told = {"model": client.model(scripted(network)).json()["id"]}
            told["images"] = client.images(digits_in(made.folder, test, each=EACH)).json()["id"]
            preview = client.post("/v1/validations?validate_only=true", json={**plan, **told})
            assert preview.status_code == 200, preview.text
            shards = preview.json()["shards"]
            began = time.monotonic()
            job = client.post("/v1/validations", json={**plan, **told}).json()["id"]
            records = open_records(StorageSettings(home=made.home))
            while not records.job(job).state.is_terminal:
                time.sleep(0.1)
            seconds = time.monotonic() - began
            assert records.job(job).state is JobState.SUCCEEDED, records.job(job)
            records.close()
    return seconds, shards


def _bare(samples: int) -> float:
    test = split()[1]
    return ceiling(scripted(cnn(Widths(16, 32, 64))), product.files_of(test[slice(0, 10 * EACH)]), plan_of(samples))


def main() -> int:
    """Measure and print."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the service and its workers end with it
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1, help="of one worker, then two; the median counts")
    parser.add_argument("--samples", type=int, default=60, help="of SmoothGrad: more make longer shards")
    options = parser.parse_args()
    busy = os.getloadavg()[0]
    times: dict[int, list[float]] = {1: [], 2: []}
    bare = [_bare(options.samples)]
    for _ in range(options.rounds):
        for workers in times:
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
                seconds, shards = measured(Path(folder), workers, plan_of(options.samples))
                times[workers].append(seconds)
                sys.stdout.write(f"{workers} workers, {shards} shards: {seconds:.1f} s\n")
                sys.stdout.flush()
    bare.append(_bare(options.samples))
    gain = median(times[1]) / median(times[2])
    sys.stdout.write(f"two bare processes gain {bare[0]:.2f} before and {bare[1]:.2f} after\n")
    sys.stdout.write(f"gain {gain:.2f} on {os.cpu_count()} cores, load {busy:.1f} before the start\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
