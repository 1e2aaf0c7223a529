"""Inputs in a runner's own folder: linked where the store is near, copied elsewhere, the same bytes either way."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from junco.contract.base import digest_of
from junco.contract.catalogue import CheckName
from junco.contract.errors import BlobCorrupt
from junco.contract.images import ImageSet
from junco.contract.job import WorkKind
from junco.contract.resolve import resolve
from junco.contract.sharding import shards
from junco.storage import Blobs, Claim, open_blobs
from tests.storage.samples import MODEL, images, report, request
from worker.runner.parent import Runner
from worker.settings import WorkerSettings
from worker.stage import place, stage

OTHERS = tuple(digest_of(name) for name in (b"reference", b"permuted", b"twin"))


def test_a_file_of_the_same_file_system_is_linked_and_not_copied(tmp_path):
    kept, staged = tmp_path / "kept", tmp_path / "staged"
    kept.write_bytes(b"weights")
    place(kept, staged)
    assert staged.samefile(kept)
    assert not staged.is_symlink()


def test_a_file_that_cannot_be_linked_is_copied(tmp_path, monkeypatch):
    """As across file systems, and of files that belong to another user."""

    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    kept, staged = tmp_path / "kept", tmp_path / "staged"
    kept.write_bytes(b"weights")
    monkeypatch.setattr(os, "link", refuse)
    place(kept, staged)
    assert staged.read_bytes() == b"weights"
    assert staged.stat().st_ino != kept.stat().st_ino


@pytest.fixture
def settings(tmp_path: Path) -> WorkerSettings:
    return WorkerSettings(home=tmp_path / "home")


@pytest.fixture
def blobs(settings: WorkerSettings) -> Blobs:
    """A store with four models."""
    found = open_blobs(settings)
    for data in (b"model", b"reference", b"permuted", b"twin"):
        found.put_stream([data])
    return found


@pytest.fixture
def runner(settings: WorkerSettings) -> Iterator[Runner]:
    """Started, and given nothing to do."""
    found = Runner(settings.limits, command=("sleep", "60"))
    yield found
    found.close()


def claimed(check: CheckName) -> Claim:
    """The first shard of ``check`` of a plan with further models for two checks."""
    reference, permuted, twin = OTHERS
    asked = request(
        checks=["data_randomization", "model_manipulation", "input_shift"],
        reference_models=(reference,),
        label_models={"permuted": permuted, "labels": (0,) * 24, "twin": twin},
    )
    labelled = tuple(file.model_copy(update={"label": 1}) for file in images().files)
    plan = resolve(asked, report(), ImageSet.of(labelled))
    shard = next(shard for shard in shards(plan) if shard.check is check)
    return Claim("w", WorkKind.SHARD, "o", 1, 9.0, MODEL, plan=plan, shard=shard)


@pytest.mark.parametrize(
    ("check", "needed"),
    [("data_randomization", OTHERS[1:]), ("model_manipulation", OTHERS[:1]), ("input_shift", ())],
)
def test_a_shard_is_given_the_models_that_its_check_looks_at(
    check: str, needed: tuple[str, ...], blobs: Blobs, runner: Runner, settings: WorkerSettings
) -> None:
    """In the runner's own folder, which is all that it can read; no others."""
    task = stage(claimed(CheckName(check)), blobs, runner, settings=settings)
    assert tuple(task.other_paths) == needed
    for digest, path in task.other_paths.items():
        assert Path(path).parent == runner.work
        assert digest_of(Path(path).read_bytes()) == digest


def test_a_finale_needs_no_further_model(blobs: Blobs, runner: Runner, settings: WorkerSettings) -> None:
    """Partials hold all that it judges by."""
    claim = replace(claimed(CheckName.MODEL_MANIPULATION), kind=WorkKind.FINALISE, shard=None)
    assert stage(claim, blobs, runner, settings=settings).other_paths == {}


def test_a_damaged_model_beside_is_told_before_it_is_run(
    blobs: Blobs, runner: Runner, settings: WorkerSettings
) -> None:
    """One bit in the store: BlobCorrupt, with the digest that was damaged."""
    kept = blobs.path(OTHERS[0])
    assert kept is not None
    kept.chmod(0o600)
    kept.write_bytes(b"referenc\xe4")
    with pytest.raises(BlobCorrupt) as caught:
        stage(claimed(CheckName.MODEL_MANIPULATION), blobs, runner, settings=settings)
    assert caught.value.expected == OTHERS[0]
