"""Partials of a job are found again, and never those of another plan."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.replicate import jobs
from benchmarks.replicate.jobs import Job
from junco.audit.partial import Partial
from junco.contract import sharding
from junco.contract.plan import Plan, Shard
from junco.contract.sharding import shards

PLAN = Plan.model_validate(json.loads((Path(__file__).parents[2] / "contract" / "stored.json").read_text())["plan"])


def job(**changes: Any) -> Job:
    """A job whose request has been resolved to the stored plan, or to one that differs in ``changes``."""
    made = Job("mine", Path("model.pt"), [], (3, 32, 32), [])
    made.__dict__["plan"] = PLAN.model_copy(update=changes)  # where the cached property keeps it
    return made


def test_what_was_measured_is_read_and_another_plan_is_measured_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder that begins with the job's name; the old one stays for whoever goes back to the old plan."""
    measured: list[int] = []

    def run(shard: Shard, plan: Plan, *_: object) -> Partial:
        measured.append(plan.seed)
        return Partial(arrays={("seed",): np.array([plan.seed])}, facts={})

    monkeypatch.setattr(jobs, "OUT", tmp_path)
    monkeypatch.setattr(jobs, "run", run)
    model = tmp_path / "model.pt"
    model.write_bytes(b"model")
    for seed in (3, 3, 4, 3):
        this = replace(job(), model=model)
        this.__dict__.update(plan=PLAN.model_copy(update={"seed": seed}), files=[])
        assert this._partial(shards(PLAN)[0]).arrays[("seed",)] == [seed]
    assert measured == [3, 4]
    assert [path.name.rpartition("-")[0] for path in (tmp_path / "jobs").iterdir()] == ["mine", "mine"]


def test_a_folder_is_of_the_plan_and_of_how_it_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not of the time that is allowed."""
    first = job().folder.name
    assert job(timeout_seconds=7).folder.name == first
    assert job(model="sha256:" + "0" * 64).folder.name != first
    monkeypatch.setattr(sharding, "_CELLS_PER_SHARD", 3)
    assert job().folder.name != first
