"""Embedded mode: lanes that ask the records for work, without a broker."""

import logging
import threading

from worker.build import build, introduce
from worker.chores import Chores, patiently
from worker.execute import Executor
from worker.settings import WorkerSettings, owner_name

log = logging.getLogger(__name__)


class Loop:
    """``lanes`` pieces of work at a time, until ``stop``."""

    def __init__(self, settings: WorkerSettings, *, lanes: int = 1) -> None:
        self._settings = settings
        self._stop = threading.Event()
        self._once = False
        self._failed: list[BaseException] = []
        # Threads, not processes: everything heavy happens in the runners, and a runner's death signal is bound to the
        # thread that started it, so each lane keeps its own runners.
        self._lanes = [threading.Thread(target=self._guarded, args=(i,), name=f"lane-{i}") for i in range(lanes)]

    def stop(self) -> None:
        """Asks every lane to hand its work back and end."""
        self._stop.set()

    def run(self, *, once: bool = False) -> None:
        """Works until ``stop``, or with ``once`` until there is no work left; raises what ended a lane."""
        self._once = once
        for lane in self._lanes:
            lane.start()
        for lane in self._lanes:
            lane.join()
        if self._failed:
            raise self._failed[0]

    def _guarded(self, number: int) -> None:
        try:
            self._open(number)
        except BaseException as error:
            self._failed.append(error)
            self._stop.set()

    def _open(self, number: int) -> None:
        executor = build(self._settings, shutdown=self._stop)
        try:
            self._lane(executor, owner_name(number))
        finally:
            executor.runners.close()
            executor.records.close()

    def _lane(self, executor: Executor, owner: str) -> None:
        card = introduce(executor, owner)
        log.info("worker %s is ready, sandbox %s, device %s", owner, card.sandbox, card.device)
        with Chores(executor, card):
            while not self._stop.is_set():
                claim = patiently(lambda: executor.records.claim_next(owner))
                if claim is not None:
                    executor.carry_out(claim)
                elif self._once:
                    return
                else:
                    self._stop.wait(self._settings.poll_seconds)
