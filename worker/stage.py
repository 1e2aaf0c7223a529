"""From a claim to a task: every blob that it names becomes a file in the runner's own folder."""

import os
import shutil
from pathlib import Path

from junco.contract.beside import needed
from junco.contract.wire import Task
from junco.storage.blobs import Blobs
from junco.storage.claim import Claim
from worker.runner.parent import Runner
from worker.settings import WorkerSettings


def stage(claim: Claim, blobs: Blobs, runner: Runner, *, settings: WorkerSettings) -> Task:
    """The task for ``runner``, which can read its own folder and no store: a blob is linked or copied there.

    Raises ``BlobCorrupt``.
    """
    files = claim.images.files if claim.images else ()
    others = needed(claim.plan, claim.shard.check) if claim.plan and claim.shard else ()
    return Task(
        kind=claim.kind,
        model=claim.model,
        model_path=_local(blobs, claim.model, runner.work),
        out=str(runner.out),
        input_shape=claim.input_shape,
        output=claim.output,
        plan=claim.plan,
        report=claim.report,
        shard=claim.shard,
        images=claim.images,
        image_paths=tuple(_local(blobs, file.blob, runner.work) for file in files),
        partial_paths=tuple(_local(blobs, partial, runner.work) for partial in claim.partials),
        other_paths={other: _local(blobs, other, runner.work) for other in others},
        threads=settings.threads,
        device=settings.device,
    )


def _local(blobs: Blobs, digest: str, work: Path) -> str:
    staged = work / digest.removeprefix("sha256:")
    if not staged.exists():
        kept = blobs.path(digest)
        if kept is None:
            blobs.fetch(digest, staged)
        else:
            place(kept, staged)
    return str(staged)


def place(kept: Path, staged: Path) -> None:
    """Makes the store's file ``kept`` readable as ``staged``."""
    try:
        # No copy where the store is on the same file system; the folder's top is read-only to the runner.
        os.link(kept, staged)
    except OSError:
        shutil.copyfile(kept, staged)
