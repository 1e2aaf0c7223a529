"""Distributed mode: ``celery -A worker.celery_app worker``. The message is a doorbell; the SQL row is the truth."""

import contextlib
import logging
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from celery import Celery, signals

from junco.contract.bell import TASK
from junco.contract.errors import JuncoError
from worker.build import build, hide_from_children, introduce, sweep_folders
from worker.celery_settings import configure
from worker.chores import Chores
from worker.execute import Executor
from worker.settings import WorkerSettings, owner_name

log = logging.getLogger(__name__)
_AGAIN_SECONDS = 5.0


class _Lane:
    """The pool process's executor, built on first use: importing this module must cost nothing."""

    def __init__(self) -> None:
        self._executor: Executor | None = None
        self._open = contextlib.ExitStack()

    def open(self) -> Executor:
        if self._executor is None:
            executor = build(WorkerSettings())
            self._open.callback(executor.runners.close)
            self._open.enter_context(Chores(executor, introduce(executor, owner_name())))
            self._executor = executor
        return self._executor

    def ring(self, work_id: str) -> None:
        executor = self.open()
        if executor.shutdown.is_set():
            return  # the row stays queued, and the bell is rung again
        claim = executor.records.claim(work_id, owner_name())
        if claim is None:
            log.info("nothing to do for %s: done, taken or not wanted", work_id)
            return
        executor.carry_out(claim)

    def close(self) -> None:
        self._open.close()


_lane = _Lane()


def _on_configure(sender: Celery, **_: Any) -> None:
    configure(sender, WorkerSettings())


def _work(work_id: str) -> None:
    """Claims and does one piece of work; a bell for work that is done or taken costs nothing."""
    _lane.ring(work_id)


def _begin(**_: Any) -> None:
    """In the main process: prepares what its pool processes inherit."""
    sweep_folders()
    if "JUNCO_STOP_FILE" not in os.environ:
        os.environ["JUNCO_STOP_FILE"] = str(Path(tempfile.gettempdir()) / f"junco-stop-{os.getpid()}")
    Path(os.environ["JUNCO_STOP_FILE"]).unlink(missing_ok=True)


def _begin_lane(**_: Any) -> None:
    """In a pool process: hides its credentials; a runner warms up while the first bell is awaited.

    A lane that cannot open ends its process, and Celery starts another: what a signal's handler raises is only logged,
    and the lane would stay idle, without a heartbeat or a sweep, until a bell happens to ring.
    """
    hide_from_children()
    try:
        _lane.open()
    except Exception as error:
        found = error.found if isinstance(error, JuncoError) else None
        log.error("the lane cannot open, another will try: %s %s", error, found or "")
        _lane.close()
        _pause(_AGAIN_SECONDS)
        raise SystemExit(os.EX_TEMPFAIL) from error


def _pause(seconds: float) -> None:
    """Returns early once the worker shuts down."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not Path(os.environ["JUNCO_STOP_FILE"]).exists():
        time.sleep(0.2)


def _end_lane(**_: Any) -> None:
    _lane.close()


def _hand_back(**_: Any) -> None:
    """In the main process, on SIGTERM: lanes kill their runners and release their claims, so the warm stop is short."""
    Path(os.environ["JUNCO_STOP_FILE"]).touch()


def _end(**_: Any) -> None:
    Path(os.environ["JUNCO_STOP_FILE"]).unlink(missing_ok=True)


# Plain calls, not decorators: Celery publishes no types, and a decorated function would lose its own.
app = Celery("junco")
app.on_configure.connect(_on_configure)
app.task(_work, name=TASK)
signals.worker_init.connect(_begin)
signals.worker_process_init.connect(_begin_lane)
signals.worker_process_shutdown.connect(_end_lane)
signals.worker_shutting_down.connect(_hand_back)
signals.worker_shutdown.connect(_end)
