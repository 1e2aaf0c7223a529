"""Where a worker is put together, for both ways of running."""

import contextlib
import ctypes
import os
import shutil
import tempfile
import threading
from importlib.metadata import version
from pathlib import Path

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
    sandbox = executor.runners.warm().wait_ready()
    card = WorkerCard(owner=owner, device=executor.settings.device, sandbox=sandbox, version=version("junco"))
    executor.records.beat(card)
    return card


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
