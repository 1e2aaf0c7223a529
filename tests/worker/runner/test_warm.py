"""How soon a task begins: printed, and held only against a bound that a busy machine keeps too."""

import os
import statistics
import time

import pytest

from junco.contract.errors import ModelFormatUnsupported
from junco.contract.job import WorkKind
from junco.contract.wire import Task
from worker.runner.limits import Limits
from worker.runner.spare import Runners

CLAIMS = 3


@pytest.mark.slow
def test_a_task_begins_at_once_when_a_spare_is_warm(capsys):
    """From taking a runner to the engine's answer on a file that it refuses at first sight: no import, no start."""
    runners = Runners(Limits(parent=os.getpid()))
    cold, warm = [], []
    try:
        for _ in range(CLAIMS):
            began = time.perf_counter()
            runners.warm().wait_ready()
            cold.append(time.perf_counter() - began)
            began = time.perf_counter()
            with runners.take() as runner:
                path = runner.work / "model"
                path.write_bytes(b"no model")
                task = Task(
                    kind=WorkKind.INSPECT, model="sha256:" + "0" * 64, model_path=str(path), out=str(runner.out)
                )
                with pytest.raises(ModelFormatUnsupported):
                    runner.run(task, deadline_s=60, on_event=lambda _: None)
            warm.append(time.perf_counter() - began)
    finally:
        runners.close()
    with capsys.disabled():
        print(  # noqa: T201 - the figure
            f"\nspare ready: {1e3 * statistics.median(warm):.0f} ms; none: {1e3 * statistics.median(cold):.0f} ms"
        )
    assert statistics.median(warm) < statistics.median(cold)
    assert statistics.median(warm) < 2
