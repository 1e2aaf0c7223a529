"""Polling under load: p50 and p99 at 200 requests a second while real runners compute and uploads arrive, the same with
nothing else to do, its throughput over a bare FastAPI endpoint's in the same run, and 500 queued validations drained.

Run: python -m benchmarks.polling [--jobs 500] [--seconds 30] [--database-url postgresql+pg8000://...]
A real worker computes while polls are timed. It starts a process that imports torch for each piece of work, so most of
the 500 are then drained by simulated workers, which claim and complete through the records and compute nothing.
"""

import argparse
import asyncio
import itertools
import os
import random
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import torch

from benchmarks.clock import in_turns
from benchmarks.load import Target, latencies, throughput
from benchmarks.served import Place, answering, drained, ended, submitted
from tests.e2e.conftest import scripted
from tests.e2e.processes import processor_seconds
from tests.e2e.talk import SHAPE
from tests.servers import free_port
from tests.truth.digits import ADEBAYO, cnn, split
from worker.settings import WorkerSettings

RATE = 200.0
LINES = 16
IMAGES = 10


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
        before, began = processor_seconds(self.pid), time.perf_counter()
        rate = asyncio.run(throughput(self.target, lines=LINES, seconds=3))
        return (processor_seconds(self.pid) - before) / (rate * (time.perf_counter() - began))


def compare(sides: Mapping[str, Side], *, rounds: int) -> None:
    """Print throughput and cost of both, in turns, without other load."""
    rate = in_turns({name: side.rate for name, side in sides.items()}, rounds=rounds)
    cost = in_turns({name: side.cost for name, side in sides.items()}, rounds=rounds)
    for name in sides:
        print(f"{name}: {rate[name]:.0f} answers/s, {1e6 * cost[name]:.0f} us of processor time each")
    polling, bare = sides
    print(f"ratio: {rate[polling] / rate[bare]:.2f} by the clock, {cost[bare] / cost[polling]:.2f} by processor time")


def timed(name: str, target: Target, seconds: float) -> None:
    """Print the percentiles of polling at the stated rate."""
    found = asyncio.run(latencies(target, rate=RATE, seconds=seconds))
    at = {word: 1000 * found[int(share * (len(found) - 1))] for word, share in (("p50", 0.5), ("p99", 0.99))}
    print(f"{len(found)} polls at {RATE:g}/s, {name}: p50 {at['p50']:.1f} ms, p99 {at['p99']:.1f} ms", end=", ")
    print(f"worst {1000 * found[-1]:.0f} ms; load average {os.getloadavg()[0]:.1f}", flush=True)


def main() -> None:
    """Everything in one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=30, help="of polls under load")
    parser.add_argument("--rounds", type=int, default=3, help="of the comparison with a bare endpoint")
    own = WorkerSettings().runner_nice
    parser.add_argument("--nice", type=int, default=own, help="how far the runner stands back")
    parser.add_argument("--database-url", help="SQLite in a temporary folder if absent")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        run(told, Place(Path(name), told.database_url))


def run(told: argparse.Namespace, place: Place) -> None:
    """The measurements."""
    ours, theirs = free_port(), free_port()
    url = f"http://127.0.0.1:{ours}"
    with place.service(ours) as (pid, headers), place.process("benchmarks.bare", str(theirs)) as bare:
        answering(f"http://127.0.0.1:{theirs}/bare/x")
        with httpx.Client(base_url=url, headers=headers, timeout=90) as client:
            file = place.folder / "model.pt"
            file.write_bytes(scripted(cnn(ADEBAYO)))
            with place.process("worker", runner_nice=told.nice):
                ids = queued(client, file.read_bytes(), told.jobs)
                polls = polled(ours, ids, headers)
                with place.process("benchmarks.uploader", url, str(file), str(place.key)):
                    worked(client, lambda: timed("with uploads and jobs", polls, told.seconds))
            drain(client, place, told.jobs)
        timed("and nothing else", polls, told.seconds / 3)
        sides = {"polling": Side(polls, pid), "bare FastAPI": Side(Target(theirs, lambda: "/bare/x"), bare)}
        compare(sides, rounds=told.rounds)


def queued(client: httpx.Client, model: bytes, jobs: int) -> list[str]:
    """The model inspected, and validations of it in the queue; their ids."""
    told = client.post("/v1/models", content=model, params={"input_shape": SHAPE, "wait": "60"}).json()
    images = client.post("/v1/image-sets", files={"files": ("a.npz", split()[1][slice(0, IMAGES)].npz())}).json()
    began = time.monotonic()
    ids = submitted(client, told["id"], images["id"], jobs)
    print(f"{len(ids)} validations submitted, {len(ids) / (time.monotonic() - began):.0f}/s", flush=True)
    return ids


def worked(client: httpx.Client, act: Callable[[], None]) -> None:
    """Do ``act``, and print what the real worker finished meanwhile."""
    before, began = sum(ended(client).values()), time.monotonic()
    act()
    done, seconds = sum(ended(client).values()) - before, time.monotonic() - began
    print(f"a real worker finished {done} validations in these {seconds:.0f} s", flush=True)


def drain(client: httpx.Client, place: Place, jobs: int) -> None:
    """Have the rest done by simulated workers, and print how all of them ended."""
    left, began = jobs - sum(ended(client).values()), time.monotonic()
    with place.process("benchmarks.hands"):
        states = drained(client, jobs)
    rate = left / (time.monotonic() - began)
    told = ", ".join(f"{count} {state}" for state, count in states.items())
    print(f"{jobs} drained: {told}; lost {jobs - sum(states.values())}; the last {left} at {rate:.1f}/s", flush=True)
    for job in client.get("/v1/validations", params={"state": "failed"}).json()["validations"]:
        print(f"failed: {job['id']} {job['error']}")


def polled(port: int, ids: list[str], headers: dict[str, str]) -> Target:
    """All validations in turn, from a place drawn by seed."""
    order = ids[:]
    random.Random(0).shuffle(order)  # noqa: S311 - not a secret
    turn = itertools.cycle(order)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return Target(port, lambda: f"/v1/validations/{next(turn)}", lines)


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.manual_seed(0)  # the network is not trained: what it says does not matter here
    main()
