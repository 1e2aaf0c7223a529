"""``python -m tests.faults.nemesis --seconds 120``: clients at work while what they need dies and returns.

Afterwards the invariants I1 to I6 are checked; the exit status is 1 if one does not hold.
"""

import argparse
import contextlib
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import redis as redis_client
from PIL import Image

from tests.e2e.conftest import scripted
from tests.e2e.processes import Installation, Process, installation
from tests.e2e.talk import BRIEF, Talk
from tests.faults import daemons
from tests.faults.clients import Client
from tests.faults.invariants import Verdict, judged
from tests.truth.digits import Digits, Widths, cnn, split, trained

SETTINGS = {
    "lease_seconds": 3,
    "max_attempts": 20,
    "retry_seconds": 0,
    "sweep_seconds": 0.5,
    "tick_seconds": 0.5,
    "republish_seconds": 4,
}


@dataclass
class Nemesis:
    """Hurts one thing at a time and mends it; counts what it did."""

    made: Installation
    postgres: daemons.Postgres
    redis: daemons.Redis
    dice: random.Random
    service: Process
    workers: list[Process]
    done: Counter[str] = field(default_factory=Counter)

    def strike(self) -> None:
        faults: list[Callable[[], None]] = [
            self.kill_worker,
            self.kill_worker,
            self.pause_worker,
            self.stop_worker,
            self.kill_service,
            self.pause_service,
            self.kill_redis,
            self.flush_redis,
            self.pause_redis,
            self.kill_postgres,
            self.pause_postgres,
        ]
        fault = self.dice.choice(faults)
        fault()
        self.done[fault.__name__] += 1

    def kill_worker(self) -> None:
        number = self.dice.randrange(len(self.workers))
        self.workers[number].kill()
        self.workers[number] = self.made.celery()

    def stop_worker(self) -> None:
        number = self.dice.randrange(len(self.workers))
        self.workers[number].stop()
        self.workers[number] = self.made.celery()

    def pause_worker(self) -> None:
        self._paused(self.dice.choice(self.workers), 4.5)

    def kill_service(self) -> None:
        self.service.kill()
        self.service = self.made.service()

    def pause_service(self) -> None:
        self._paused(self.service, 2)

    def _paused(self, process: Process, seconds: float) -> None:
        os.killpg(process.pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.killpg(process.pid, signal.SIGCONT)

    def kill_redis(self) -> None:
        self.redis.kill()
        time.sleep(self.dice.random() * 2)
        self.redis.start()

    def flush_redis(self) -> None:
        redis_client.Redis.from_url(self.redis.url).flushall()

    def pause_redis(self) -> None:
        with self.redis.paused():
            time.sleep(3)

    def kill_postgres(self) -> None:
        self.postgres.kill()
        time.sleep(self.dice.random() * 2)
        self.postgres.start()

    def pause_postgres(self) -> None:
        with self.postgres.paused():
            time.sleep(2.5)


def main() -> int:
    """Runs the clients and the nemesis, and prints the counts; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120, help="how long faults are injected")
    parser.add_argument("--seed", type=int, default=1, help="of what is hurt when")
    parser.add_argument("--clients", type=int, default=4)
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="junco-nemesis-", ignore_cleanup_errors=True))
        )
        postgres = stack.enter_context(daemons.postgres())
        redis = stack.enter_context(daemons.redis(folder / "redis"))
        told = {"database_url": postgres.url, "broker_url": redis.url, **SETTINGS}
        made = stack.enter_context(installation(folder, **told))
        verdict = struggle(made, postgres, redis, seconds=options.seconds, seed=options.seed, clients=options.clients)
    sys.stdout.write(verdict.text() + "\n")
    return 0 if verdict.holds else 1


def struggle(
    made: Installation, postgres: daemons.Postgres, redis: daemons.Redis, *, seconds: float, seed: int, clients: int
) -> Verdict:
    """Clients and faults for ``seconds``, then quiet, then the judgement."""
    dice = random.Random(seed)
    service = made.service()
    nemesis = Nemesis(made, postgres, redis, dice, service, [made.celery(), made.celery()])
    plan = prepared(made)
    stop = threading.Event()
    asking = [Client(made.url, plan, random.Random(dice.random()), stop) for _ in range(clients)]
    threads = [threading.Thread(target=client.run, daemon=True) for client in asking]
    for thread in threads:
        thread.start()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(1 + 5 * dice.random())
        nemesis.strike()
    stop.set()
    for thread in threads:
        thread.join()
    return judged(made, nemesis.workers, asking, dict(nemesis.done))


def prepared(made: Installation) -> dict[str, object]:
    """A small trained network and ten digits, uploaded; the smallest plan about them."""
    train, test = split()
    network = trained(cnn(Widths(4, 8, 8)), train[slice(0, 400)], epochs=1)
    with Talk(made) as client:
        model = client.model(scripted(network)).json()["id"]
        images = client.images(digits_in(made.folder, test, each=2)).json()["id"]
    return {**BRIEF, "model": model, "images": images}


def digits_in(folder: Path, digits: Digits, *, each: int) -> list[Path]:
    """``each`` digits of every class as PNG files whose names carry their labels."""
    found = []
    for label in range(10):
        for i, place in enumerate((digits.labels == label).nonzero()[0][:each]):
            found.append(folder / f"{i}_{label}.png")
            Image.fromarray(digits.pixels[place]).save(found[-1])
    return found


if __name__ == "__main__":
    sys.exit(main())
