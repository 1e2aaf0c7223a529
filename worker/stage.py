"""From a claim to a task: every blob that it names becomes a local file."""

from pathlib import Path

from junco.contract.wire import Task
from junco.storage.blobs import Blobs
from junco.storage.claim import Claim
from worker.runner.parent import Runner
from worker.settings import WorkerSettings


def stage(claim: Claim, blobs: Blobs, runner: Runner, *, settings: WorkerSettings) -> Task:
    """The task for ``runner``; files of stores without local paths are copied to its work folder.

    Raises ``BlobCorrupt``.
    """
    files = claim.images.files if claim.images else ()
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
        threads=settings.threads,
        device=settings.device,
    )


def _local(blobs: Blobs, digest: str, work: Path) -> str:
    path = blobs.path(digest)
    if path is None:
        path = work / digest.removeprefix("sha256:")
        if not path.exists():
            blobs.fetch(digest, path)
    return str(path)
