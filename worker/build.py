"""Where a worker is put together, for both ways of running."""

import contextlib
import ctypes
import os
import shutil
import tempfile
import threading
from importlib.metadata import version
from pathlib import Path

from junco.contract.errors import Unavailable
from junco.storage.opening import open_blobs, open_records
from junco.storage.records import WorkerCard
from worker.execute import Executor
from worker.runner.spare import Runners
from worker.settings import WorkerSettings

_PR_SET_DUMPABLE = 4


def build(settings: WorkerSettings, *, shutdown: threading.Event | None = None) -> Executor:
    """One lane of a worker; call it in the thread that will use it."""
    return Executor(
        records=open_records(settings),
        blobs=open_blobs(settings),
        runners=Runners(settings.limits),
        settings=settings,
        shutdown=shutdown or threading.Event(),
    )


def introduce(executor: Executor, owner: str) -> WorkerCard:
    """Tells the records who works here, once a runner has shown that it can be confined; raises ``Unavailable``."""

    def card(sandbox: str) -> WorkerCard:
        # 255: what the records keep.
        return WorkerCard(owner=owner, device=executor.settings.device, sandbox=sandbox[:255], version=version("junco"))

    try:
        ready = card(executor.runners.warm().wait_ready())
    except Unavailable as refused:
        # Seen in the service's status for as long as a worker that was heard of is shown.
        executor.records.beat(card(f"takes no work: {refused.found}"))
        raise
    executor.records.beat(ready)
    return ready


def hide_from_children() -> None:
    """Keeps this process's memory and environment, where the credentials are, from children of the same user."""
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def sweep_folders() -> None:
    """Removes work folders of workers that were killed before they could."""
    for folder in Path(tempfile.gettempdir()).glob("junco-runner-*-*"):
        pid = folder.name.split("-")[2]
        with contextlib.suppress(OSError):
            if pid.isdigit() and folder.stat().st_uid == os.getuid() and not Path("/proc", pid).exists():
                shutil.rmtree(folder, ignore_errors=True)
