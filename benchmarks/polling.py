"""Polling under load: its p99 at 200 requests a second while 500 validations drain and uploads arrive, and its
throughput over a bare FastAPI endpoint's in the same run.

Run: python -m benchmarks.polling [--jobs 500] [--seconds 20] [--database-url postgresql+pg8000://...]
Workers are simulated, by processes that claim through the records and burn processor time; the rest is real.
"""

import argparse
import asyncio
import contextlib
import itertools
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.clock import in_turns
from benchmarks.load import Target, latencies, throughput
from junco.storage import StorageSettings, open_blobs, open_records
from tests.e2e.processes import environment, processor_seconds
from tests.servers import free_port
from tests.service.hand import MODEL_BYTES, Hand, picture

RATE = 200.0
LINES = 16
SHARD_SECONDS = 0.02
"""Processor time that a simulated worker burns for each piece of work."""
UPLOAD_BYTES, UPLOAD_PAUSE = 8 << 20, 0.5
_FREE = {"key_requests_per_second": 1e6, "key_burst": 1e6}
"""The limits of one key would be measured otherwise."""


def work(settings: StorageSettings) -> None:
    """A worker, until it is ended."""
    records = open_records(settings)
    hand = Hand(records, open_blobs(settings))
    while True:
        if not hand.work(1):
            time.sleep(0.05)
        end = time.process_time() + SHARD_SECONDS
        while time.process_time() < end:
            pass


def upload(url: str, headers: dict[str, str]) -> None:
    """Uploads one fresh file after the other, until it is ended."""
    with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
        while True:
            body = MODEL_BYTES + os.urandom(UPLOAD_BYTES)
            assert client.post("/v1/models", content=body).status_code == 201
            time.sleep(UPLOAD_PAUSE)


@contextlib.contextmanager
def process(*command: str, folder: Path, **settings: object) -> Iterator[int]:
    """A process with JUNCO_* settings, ended afterwards; its id."""
    with (folder / "service.log").open("ab") as log:
        child = subprocess.Popen(command, env=environment(folder, **settings), stdout=log, stderr=log)
    try:
        yield child.pid
    finally:
        child.terminate()
        child.wait(30)


@contextlib.contextmanager
def beside(*targets: multiprocessing.Process) -> Iterator[None]:
    """Processes that run meanwhile."""
    for target in targets:
        target.start()
    try:
        yield
    finally:
        for target in targets:
            target.terminate()
            target.join()


def answering(url: str) -> None:
    """Wait until the server answers."""
    for _ in range(600):
        with contextlib.suppress(httpx.TransportError):
            httpx.get(url)
            return
        time.sleep(0.1)
    raise TimeoutError(url)


def submitted(client: httpx.Client, count: int) -> list[str]:
    """So many validations in the queue; their ids."""
    model = client.post("/v1/models", content=MODEL_BYTES).json()["id"]
    images = client.post("/v1/image-sets", files={"files": ("a.png", picture())}).json()["id"]
    plan = {"model": model, "images": images, "profile": "quick", "methods": ["gradient"], "checks": ["input_shift"]}
    answers = [client.post("/v1/validations", json={**plan, "seed": seed}) for seed in range(count)]
    assert {answer.status_code for answer in answers} == {202}
    return [answer.json()["id"] for answer in answers]


def drained(client: httpx.Client, ids: list[str], *, seconds: float = 600) -> Counter[str]:
    """How the validations ended."""
    end = time.monotonic() + seconds
    states: Counter[str] = Counter()
    for job in ids:
        while (state := client.get(f"/v1/validations/{job}?wait=5").json()["state"]) in ("queued", "running"):
            assert time.monotonic() < end, f"{job} is still {state}"
        states[state] += 1
    return states


@dataclass(frozen=True)
class Side:
    """A server, what is asked of it, and its process."""

    target: Target
    pid: int

    def rate(self) -> float:
        """Answers a second of wall-clock time."""
        return asyncio.run(throughput(self.target, lines=LINES, seconds=3))

    def cost(self) -> float:
        """Seconds of processor time an answer, which other programs on the machine hardly change."""
        before = processor_seconds(self.pid)
        count = asyncio.run(throughput(self.target, lines=LINES, seconds=3)) * 3
        return (processor_seconds(self.pid) - before) / count


def compare(sides: Mapping[str, Side], *, rounds: int) -> None:
    """Print throughput and cost of both, in turns, without other load."""
    rate = in_turns({name: side.rate for name, side in sides.items()}, rounds=rounds)
    cost = in_turns({name: side.cost for name, side in sides.items()}, rounds=rounds)
    for name in sides:
        print(f"{name}: {rate[name]:.0f} answers/s, {1e6 * cost[name]:.0f} us of processor time each")
    polling, bare = sides
    print(f"ratio: {rate[polling] / rate[bare]:.2f} by the clock, {cost[bare] / cost[polling]:.2f} by processor time")


def under_load(service: Target, seconds: float) -> None:
    """Print the percentiles of polling at the stated rate."""
    found = asyncio.run(latencies(service, rate=RATE, seconds=seconds))
    at = {name: 1000 * found[int(share * (len(found) - 1))] for name, share in (("p50", 0.5), ("p99", 0.99))}
    print(f"{len(found)} polls at {RATE:g}/s under load: p50 {at['p50']:.1f} ms, p99 {at['p99']:.1f} ms", end=", ")
    print(f"worst {1000 * found[-1]:.0f} ms; load average {os.getloadavg()[0]:.1f}")


def main() -> None:
    """Everything in one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--database-url", help="SQLite in a temporary folder if absent")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        run(told, Path(name))


def run(told: argparse.Namespace, folder: Path) -> None:
    """The measurements, with a service in ``folder``."""
    port, bare = free_port(), free_port()
    first = folder / "first-key"
    kept: dict[str, object] = {"home": folder / "home"}
    kept |= {"database_url": told.database_url} if told.database_url else {}
    command = (sys.executable, "-m", "service", "--port", str(port))
    access = {"access": "keys", "first_key_file": first, **_FREE}
    with (
        process(*command, folder=folder, **kept, **access) as ours,
        process(sys.executable, "-m", "benchmarks.bare", str(bare), folder=folder) as theirs,
    ):
        answering(f"http://127.0.0.1:{port}/livez")
        answering(f"http://127.0.0.1:{bare}/bare/x")
        headers = {"Authorization": f"Bearer {first.read_text().strip()}"}
        url = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
            started = time.monotonic()
            ids = submitted(client, told.jobs)
            print(f"{len(ids)} validations submitted, {len(ids) / (time.monotonic() - started):.0f}/s", flush=True)
            service = polled(port, ids, headers)
            settings = StorageSettings(**kept)  # type: ignore[arg-type] # checked by pydantic
            spawn = multiprocessing.get_context("spawn")
            hands = [spawn.Process(target=work, args=(settings,)) for _ in range(told.workers)]
            with beside(*hands):  # type: ignore[arg-type] # a spawned Process is a Process
                with beside(spawn.Process(target=upload, args=(url, headers))):  # type: ignore[arg-type] # as above
                    time.sleep(3)  # until the others have started
                    under_load(service, told.seconds)
                states = drained(client, ids)
        print(f"drained: {dict(states)}, lost {told.jobs - states['succeeded']}", flush=True)
        sides = {"polling": Side(service, ours), "bare FastAPI": Side(Target(bare, lambda: "/bare/x"), theirs)}
        compare(sides, rounds=told.rounds)


def polled(port: int, ids: list[str], headers: dict[str, str]) -> Target:
    """All validations in turn, from a place drawn by seed."""
    order = ids[:]
    random.Random(0).shuffle(order)  # noqa: S311 - not a secret
    turn = itertools.cycle(order)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return Target(port, lambda: f"/v1/validations/{next(turn)}", lines)


if __name__ == "__main__":
    main()
