"""The sandbox's self-test: a layer that is missing, or does nothing, is named, and no work is taken without it."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from junco.contract.errors import Unavailable
from junco.storage.opening import open_blobs, open_records
from worker.build import introduce
from worker.execute import Executor
from worker.runner import layers as layers
from worker.runner.limits import Limits
from worker.runner.parent import Runner
from worker.runner.restrict import LAYERS, Confinement
from worker.runner.spare import Runners
from worker.settings import WorkerSettings

FAULTY = (sys.executable, str(Path(__file__).with_name("faulty_runner.py")))
LIMITS = Limits(parent=os.getpid())
FREE = {"single_thread", "descriptors", "session"}
"""Layers that a runner has already as its parent starts it, so that doing nothing goes unnoticed, and rightly."""


def level(how: str, limits: Limits = LIMITS) -> str:
    with Runner(limits, command=(*FAULTY, how)) as runner:
        return runner.wait_ready()


ESSENTIAL = {name for name, entry in LAYERS.items() if not entry.courtesy}


@pytest.mark.parametrize("name", sorted(ESSENTIAL - FREE))
def test_a_layer_that_does_nothing_is_found_out(name):
    """Each layer is tried after it was applied: that a call succeeded is not taken for protection."""
    with pytest.raises(Unavailable) as caught:
        level(f"idle:{name}")
    assert name in [reason.split(":")[0] for reason in caught.value.found.split("; ")]


def test_a_missing_layer_is_named_with_its_reason_and_what_to_do():
    with pytest.raises(Unavailable, match="no work is taken") as caught:
        level("broken:landlock")
    assert caught.value.found == "landlock: Function not implemented"
    assert "JUNCO_SANDBOX_OPTIONAL=landlock" in caught.value.remedy


def test_a_courtesy_to_the_worker_may_fail_and_is_told():
    assert level("idle:oom_first").startswith("rlimits+nnp+landlock+seccomp (without oom_first: applied, but")


def test_a_runner_stands_back_behind_the_service():
    """Its threads inherit what stage 0 has set, and its session is as nice to others; else the level tells."""
    patient = replace(LIMITS, nice=19)
    with Runner(patient, command=(*FAULTY, "")) as runner:
        assert runner.wait_ready() == "rlimits+nnp+landlock+seccomp"
        assert os.getpriority(os.PRIO_PROCESS, runner.pid) == 19
        session = Path(f"/proc/{runner.pid}/autogroup")
        assert not session.exists() or session.read_text().rpartition(" nice ")[2].strip() in ("", "19")
    assert "(without nice: " in level("idle:nice", patient)


def test_an_operator_may_do_without_a_layer_and_the_level_says_so():
    without = replace(LIMITS, optional=("landlock",))
    assert level("broken:landlock", without) == "rlimits+nnp+seccomp (without landlock: Function not implemented)"
    with pytest.raises(Unavailable, match="no work"):
        level("broken:landlock,broken:seccomp", without)


def test_a_thread_that_runs_already_is_found_before_layers_that_would_not_bind_it(tmp_path):
    """P15: Landlock and seccomp bind one thread, so the restriction must come before every import that starts one."""
    script = tmp_path / "threaded.py"
    script.write_text(
        "import sys, threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
        "from worker.runner.child import main\nsys.exit(main(sys.argv[1:], lambda: None))\n"
    )
    with (
        Runner(LIMITS, command=(sys.executable, str(script))) as runner,
        pytest.raises(Unavailable) as caught,
    ):
        runner.wait_ready()
    assert "single_thread: other threads" in caught.value.found


def test_a_worker_without_a_required_layer_takes_no_jobs_and_is_seen_to(tmp_path):
    settings = WorkerSettings(home=tmp_path / "home")
    runners = Runners(settings.limits, command=(*FAULTY, "broken:seccomp"))
    executor = Executor(records=open_records(settings), blobs=open_blobs(settings), runners=runners, settings=settings)
    try:
        with pytest.raises(Unavailable):
            introduce(executor, "w1")
        (card,) = executor.records.workers(within_seconds=60)
        assert card.sandbox == "takes no work: seccomp: Function not implemented"
    finally:
        runners.close()
        executor.records.close()


def test_layers_are_made_optional_by_name_and_unknown_names_are_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("JUNCO_SANDBOX_OPTIONAL", "landlock, seccomp")
    assert WorkerSettings(home=tmp_path).limits.optional == ("landlock", "seccomp")
    monkeypatch.setenv("JUNCO_SANDBOX_OPTIONAL", "landlok")
    with pytest.raises(ValidationError, match="no such layer: landlok"):
        WorkerSettings(home=tmp_path)


def test_the_level_names_what_confines_and_what_is_missing():
    assert Confinement(("umask", "rlimits", "nnp"), {}).level == "rlimits+nnp"
    assert Confinement((), {"nnp": "why"}).level == "none (without nnp: why)"
