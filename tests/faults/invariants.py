"""After the storm: what must hold of every job, every row and every file (I1 to I6 of the fault model)."""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx
from sqlalchemy import create_engine, text

from junco.storage.opening import open_blobs, open_records
from junco.storage.settings import StorageSettings
from tests.e2e.processes import Installation, Process, runners_of
from tests.e2e.talk import identity
from tests.faults.clients import TERMINAL, Client, Told

CALM_SECONDS = 900.0


@dataclass
class Verdict:
    """Counts, and every breach of an invariant in words."""

    counts: dict[str, object] = field(default_factory=dict)
    breaches: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.breaches

    def text(self) -> str:
        lines = [f"{name}: {value}" for name, value in self.counts.items()]
        return "\n".join([*lines, "invariants I1 to I6 hold" if self.holds else "BROKEN:", *self.breaches[:40]])


def judged(made: Installation, workers: list[Process], asked: list[Client], faults: dict[str, int]) -> Verdict:
    """Waits for quiet, and judges."""
    found = Verdict()
    jobs = [told for client in asked for told in client.history if told.ids]
    with httpx.Client(base_url=made.url, timeout=30) as http:
        _end_all(http, asked)
        _terminal(jobs, found)
        _stable(http, jobs, found)
        _equal(http, jobs, found)
    for worker in workers:
        worker.stop()
    _rows(made, [told for client in asked for told in client.history], found)
    _leftovers(made, workers, found)
    found.breaches += [refusal for client in asked for refusal in client.refusals]
    lost = sum(told.states[-1:] == [] or told.states[-1] not in TERMINAL for told in jobs)
    ends = {state: sum(told.states[-1:] == [state] for told in jobs) for state in TERMINAL}
    counted = {"jobs submitted": len(jobs), "faults injected": sum(faults.values()), "of which": faults, "ends": ends}
    found.counts = {**counted, "lost": lost, **found.counts}
    return found


def _end_all(http: httpx.Client, asked: list[Client]) -> None:
    end = time.monotonic() + CALM_SECONDS
    for client in asked:
        for told in client.history:
            while told.ids and not (told.states and told.states[-1] in TERMINAL) and time.monotonic() < end:
                client.look(http, told)


def _terminal(jobs: Sequence[Told], found: Verdict) -> None:
    """I1: every accepted job ends; none fails that only met faults of ours."""
    found.breaches += [f"I1: {told.ids} is {told.states[-1:]}" for told in jobs if told.states[-1:] not in _GOOD]


_GOOD = [["succeeded"], ["canceled"]]


def _stable(http: httpx.Client, jobs: Sequence[Told], found: Verdict) -> None:
    """I2: one end, and nothing that was seen on the way went back."""
    for told in jobs:
        now = http.get(f"/v1/validations/{min(told.ids)}").json()["state"]
        seen = [state for state in (*told.states, now) if state in TERMINAL]
        if len(set(seen)) != 1:
            found.breaches.append(f"I2: {told.ids} was {seen}")
        if told.revisions != sorted(told.revisions):
            found.breaches.append(f"I2: revisions of {told.ids} went back")


def _equal(http: httpx.Client, jobs: Sequence[Told], found: Verdict) -> None:
    """I3: equal inputs, equal bits; I4: whatever a result names is there, whole."""
    digests: dict[int, set[str]] = {}
    for told in jobs:
        if told.states[-1:] != ["succeeded"]:
            continue
        job = min(told.ids)
        outcome = identity(http.get(f"/v1/validations/{job}/result").text)
        digests.setdefault(told.seed, set()).add(hashlib.sha256(json.dumps(outcome).encode()).hexdigest())
        for link in http.get(f"/v1/validations/{job}/artifacts").json()["artifacts"]:
            if len(http.get(link["url"]).content) != link["size"]:
                found.breaches.append(f"I4: {link['name']} of {job} is not whole")
    found.counts["plans and their digests"] = {seed: len(each) for seed, each in digests.items()}
    found.breaches += [f"I3: {len(each)} outcomes of seed {seed}" for seed, each in digests.items() if len(each) != 1]


def _rows(made: Installation, asked: Sequence[Told], found: Verdict) -> None:
    """I5 and I6 of the database: no job twice, no lease left, attempts within bounds, holdings as uploads."""
    engine = create_engine(str(made.settings["database_url"]))
    with engine.connect() as connection:

        def count(query: str) -> int:
            return int(connection.scalar(text(query)) or 0)

        doubled = count("SELECT count(*) FROM jobs") - len({job for told in asked for job in told.ids})
        found.counts["doubled"] = doubled + sum(len(told.ids) > 1 for told in asked)
        found.counts["second attempts"] = count("SELECT count(*) FROM work WHERE attempt > 1")
        broken = {
            "jobs done twice": int(str(found.counts["doubled"])),
            "leases left": count("SELECT count(*) FROM work WHERE state = 'running' OR lease_until IS NOT NULL"),
            "attempts over the bound": count("SELECT count(*) FROM work WHERE attempt - released > max_attempts"),
            "work queued of ended jobs": count("SELECT count(*) FROM work WHERE state = 'queued'"),
            "holdings without uploads": count("SELECT count(*) FROM holdings")
            - count("SELECT (SELECT count(*) FROM models) + (SELECT count(*) FROM image_sets)"),
        }
    engine.dispose()
    found.breaches += [f"I5/I6: {number} {what}" for what, number in broken.items() if number]


def _leftovers(made: Installation, workers: Sequence[Process], found: Verdict) -> None:
    """I5: no process, no temporary file, no bytes that nothing refers to."""
    for process in made.processes:
        found.breaches += [f"I5: runner {pid} outlived its worker" for pid in runners_of(process.pid)]
    dead = {process.pid for process in workers}
    found.breaches += [f"I5: {path.name} is left" for path in made.tmp.glob("junco-runner-*") if _of(path.name) in dead]
    found.counts["spool files of dead writers"] = sum(path.is_file() for path in made.home.rglob("up-*"))
    settings = StorageSettings(home=made.home, orphan_seconds=0.01, **_database(made))
    records, blobs = open_records(settings), open_blobs(settings)
    time.sleep(0.1)
    blobs.clear_spool(older_than_seconds=0)
    found.breaches += [f"I5: {path} is left" for path in made.home.rglob("up-*") if path.is_file()]
    found.counts["orphans of dead attempts, removed"] = records.upkeep.retain(blobs).orphans
    if records.upkeep.retain(blobs).orphans:
        found.breaches.append("I5: orphans outlive a round of retention")
    records.close()


def _of(name: str) -> int:
    return int(name.split("-")[2])


def _database(made: Installation) -> dict[str, str]:
    return {"database_url": str(made.settings["database_url"])}
