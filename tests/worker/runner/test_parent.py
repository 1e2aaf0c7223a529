"""Runners that are real processes, and every way in which one may end."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from junco.contract.errors import (
    DeadlineExceeded,
    Internal,
    MemoryExceeded,
    ModelOutputShape,
    RunnerCrashed,
)
from junco.contract.job import WorkKind
from junco.contract.wire import Task
from worker.runner.limits import Limits
from worker.runner.parent import Runner
from worker.runner.protocol import MAX_LINE_BYTES
from worker.runner.spare import Runners

MIB = 1 << 20
FAULTY = (sys.executable, str(Path(__file__).with_name("faulty_runner.py")))
LEVEL = "rlimits+nnp+landlock+seccomp"
LIMITS = Limits(parent=os.getpid(), memory_bytes=512 * MIB, file_bytes=32 * MIB)


def task(runner: Runner, fault: str) -> Task:
    return Task(kind=WorkKind.INSPECT, model="sha256:" + "0" * 64, model_path=fault, out=str(runner.out))


def outcome_of(
    fault: str, *, deadline_s: float = 20, events: list | None = None, command=FAULTY, limits: Limits = LIMITS
) -> dict:
    seen = events if events is not None else []
    with Runner(limits, command=command) as runner:
        files = runner.run(task(runner, fault), deadline_s=deadline_s, on_event=seen.append)
        return json.loads(files["report.json"].read_text())


def dead(pid: int) -> bool:
    for _ in range(50):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.1)
    return False


def test_a_task_returns_its_files_and_reports_progress():
    events: list = []
    assert outcome_of("behave", events=events) == {"sandbox": LEVEL}
    assert [(e.stage, e.completed) for e in events] == [("probing", 1), ("probing", 2)]


def test_the_work_folder_is_gone_after_success_and_after_a_crash():
    folders = []
    for fault in ("behave", "segfault"):
        runner = Runner(LIMITS, command=FAULTY)
        folders.append(runner.work)
        try:
            with runner:
                runner.run(task(runner, fault), deadline_s=20, on_event=lambda _: None)
        except RunnerCrashed:
            pass
    assert [folder.exists() for folder in folders] == [False, False]


def test_no_credential_of_the_worker_reaches_the_runner(monkeypatch):
    monkeypatch.setenv("JUNCO_DATABASE_URL", "postgresql://junco:secret@db/junco")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    environment = outcome_of("environment")
    assert "secret" not in json.dumps(environment)
    assert not [name for name in environment if name.startswith(("JUNCO", "AWS", "REDIS"))]
    assert environment["OMP_NUM_THREADS"] == "1"


def test_a_runner_has_its_standard_descriptors_and_one_channel_only(tmp_path):
    with (tmp_path / "canary").open("w") as canary:
        os.set_inheritable(canary.fileno(), True)
        found = outcome_of("descriptors")
    assert not [target for target in found.values() if "canary" in target or "socket" in target]
    pipes = [target for target in found.values() if target.startswith("pipe:")]
    assert len(pipes) <= 4


def test_a_runner_is_restricted_before_the_engine_sees_it():
    assert outcome_of("restrictions") == {"nnp": "1", "umask": 0o077, "core": 0, "leader": True}


@pytest.mark.parametrize("fault", ["loop", "sleep"])
def test_a_task_that_does_not_end_is_killed_at_its_deadline(fault):
    start = time.monotonic()
    with pytest.raises(DeadlineExceeded, match="longer than it may"):
        outcome_of(fault, deadline_s=1)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    ("fault", "error", "says"),
    [
        ("segfault", RunnerCrashed, "SIGSEGV"),
        ("killed", RunnerCrashed, "SIGKILL"),
        ("exits", RunnerCrashed, "before it had finished"),
        ("bomb", MemoryExceeded, "more memory"),
        ("shared_bomb", MemoryExceeded, "more memory"),
        ("prints", RunnerCrashed, "without end"),
        ("floods_events", RunnerCrashed, "without end"),
        ("garbage", RunnerCrashed, "protocol"),
        ("raises", Internal, "did not foresee"),
        ("absent_file", RunnerCrashed, "cannot be taken"),
        ("link", Internal, "did not foresee"),
        ("forks", Internal, "did not foresee"),
        ("threads", RunnerCrashed, "more than it may"),
        ("small_files", RunnerCrashed, "more than it may"),
        ("many_big_files", RunnerCrashed, "more than it may"),
        ("negative", RunnerCrashed, "protocol"),
        ("huge_number", RunnerCrashed, "protocol"),
        ("not_a_number", RunnerCrashed, "protocol"),
        ("extra_key", RunnerCrashed, "protocol"),
        ("binary", RunnerCrashed, "protocol"),
        ("endless_line", RunnerCrashed, "protocol"),
        ("outside", RunnerCrashed, "cannot be taken"),
        ("big_file", Internal, "did not foresee"),
    ],
)
def test_every_fault_has_its_own_error(fault, error, says):
    with pytest.raises(error, match=says):
        outcome_of(fault)


def test_a_refusal_keeps_its_class_and_its_words():
    with pytest.raises(ModelOutputShape) as caught:
        outcome_of("refuses")
    assert caught.value.expected == "[n, classes]"
    assert caught.value.found == "[n, 21, 32, 32]"


def test_prints_of_a_model_are_never_taken_for_events():
    assert outcome_of("prints_a_little") == {"sandbox": LEVEL}


def test_processes_that_a_model_started_die_with_its_runner():
    """Nothing can be started in full confinement; where an operator gave up seccomp and Landlock, nothing survives."""
    assert dead(outcome_of("forks", command=(*FAULTY, "landlock,seccomp"))["grandchild"])


def test_a_link_is_not_taken_where_one_could_be_made():
    with pytest.raises(RunnerCrashed, match="cannot be taken"):
        outcome_of("link", command=(*FAULTY, "landlock"))


def test_processor_time_has_its_own_bound():
    """P10: the kernel ends a loop that no Python signal handler could, also if the parent is stopped meanwhile."""
    with pytest.raises(DeadlineExceeded, match="processor time"):
        outcome_of("loop", limits=replace(LIMITS, cpu_seconds=2))


def test_a_line_is_bounded_long_before_the_whole_flood():
    with pytest.raises(RunnerCrashed) as caught:
        outcome_of("endless_line")
    assert str(MAX_LINE_BYTES) in caught.value.found


def test_a_healthy_runner_is_not_touched_by_what_happens_to_its_neighbours():
    with Runner(LIMITS, command=FAULTY) as healthy:
        healthy.wait_ready()
        for fault in ("bomb", "threads", "prints", "segfault"):
            with pytest.raises((RunnerCrashed, MemoryExceeded)):
                outcome_of(fault)
        files = healthy.run(task(healthy, "behave"), deadline_s=20, on_event=lambda _: None)
        assert json.loads(files["report.json"].read_text()) == {"sandbox": LEVEL}


def test_what_poll_raises_ends_the_runner_at_once():
    class Stop(Exception): ...

    start = time.monotonic()
    runner = Runner(LIMITS, command=FAULTY)

    def poll() -> None:
        if runner.sandbox is not None and time.monotonic() - start > 1:
            raise Stop

    with runner, pytest.raises(Stop):
        runner.run(task(runner, "sleep"), deadline_s=60, on_event=lambda _: None, poll=poll)
    assert dead(runner.pid)
    assert time.monotonic() - start < 10


def test_a_runner_dies_with_its_parent(tmp_path):
    program = (
        "import os, sys; from worker.runner.limits import Limits; from worker.runner.parent import Runner;"
        f"r = Runner(Limits(parent=os.getpid()), command={FAULTY!r}); r.wait_ready(); print(r.pid, flush=True);"
        "sys.stdin.read()"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    parent = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=Path(__file__).parents[3],
    )
    child = int(parent.stdout.readline())
    assert not dead_now(child)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdin.close()
    parent.stdout.close()
    assert dead(child)


def dead_now(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def test_a_spare_is_warm_before_it_is_needed_and_replaced_if_it_dies():
    runners = Runners(LIMITS, command=FAULTY)
    try:
        first = runners.warm()
        first.wait_ready()
        with runners.take() as taken:
            assert taken is first
            spare = runners.warm()
            assert spare is not first
        os.kill(spare.pid, signal.SIGKILL)
        assert dead(spare.pid)
        assert runners.warm().pid != spare.pid
        assert not spare.work.exists()
    finally:
        runners.close()


def test_a_runner_whose_engine_cannot_be_imported_is_an_internal_error(tmp_path):
    script = tmp_path / "broken.py"
    script.write_text("import sys\nfrom worker.runner.child import main\nsys.exit(main(sys.argv[1:], lambda: 1 / 0))\n")
    with (
        Runner(LIMITS, command=(sys.executable, str(script))) as runner,
        pytest.raises(Internal, match="did not start"),
    ):
        runner.run(task(runner, "behave"), deadline_s=20, on_event=lambda _: None)
