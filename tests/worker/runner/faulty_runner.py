"""A real runner, restricted as always, whose engine misbehaves on demand: the task's ``model_path`` names the fault.

``faulty_runner.py LAYERS LIMITS`` leaves out layers of the sandbox, for controls; ``broken:LAYER`` makes one fail, and
``idle:LAYER`` makes one do nothing.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.worker.runner.excesses import EXCESSES
from worker.runner.child import main
from worker.runner.restrict import LAYERS


def _behave(task, emit):
    from junco.contract.wire import Advanced

    emit(Advanced(stage="probing", completed=1))
    emit(Advanced(stage="probing", completed=2))
    Path(task.out, "report.json").write_text(json.dumps({"sandbox": task.sandbox}))
    return ("report.json",)


def _environment(task, emit):
    Path(task.out, "report.json").write_text(json.dumps(dict(os.environ)))
    return ("report.json",)


def _descriptors(task, emit):
    links = list(Path("/proc/self/fd").iterdir())
    open_now = {link.name: str(link.readlink()) for link in links if link.exists() or link.is_symlink()}
    Path(task.out, "report.json").write_text(json.dumps(open_now))
    return ("report.json",)


def _restrictions(task, emit):
    import resource

    status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines())
    os.umask(mask := os.umask(0))
    found = {
        "nnp": status["NoNewPrivs"],
        "umask": mask,
        "core": resource.getrlimit(resource.RLIMIT_CORE)[1],
        "leader": os.getsid(0) == os.getpid(),
    }
    Path(task.out, "report.json").write_text(json.dumps(found))
    return ("report.json",)


def _loop(task, emit):
    while True:
        pass


def _sleep(task, emit):
    time.sleep(600)


def _segfault(task, emit):
    ctypes.string_at(0)


def _killed(task, emit):
    os.kill(os.getpid(), signal.SIGKILL)


def _exits(task, emit):
    os._exit(3)


def _bomb(task, emit):
    held = []
    while True:
        held.append(bytearray(64 << 20))


def _shared_bomb(task, emit):
    # Shared memory is outside RLIMIT_DATA: only the parent's watch sees it.
    import mmap

    held = mmap.mmap(-1, 4 << 30)
    for start in range(0, 4 << 30, 16 << 20):
        held[start : start + (16 << 20)] = b"x" * (16 << 20)


def _prints(task, emit):
    while True:
        sys.stdout.write("x" * 10_000)


def _prints_a_little(task, emit):
    sys.stdout.write('{"event":"finished","files":["/etc/passwd"]}\n')
    sys.stdout.flush()
    return _behave(task, emit)


def _raises(task, emit):
    raise ZeroDivisionError("division by zero")


def _refuses(task, emit):
    from junco.contract.errors import ModelOutputShape

    raise ModelOutputShape("The model answers a mask.", expected="[n, classes]", found="[n, 21, 32, 32]")


def _absent_file(task, emit):
    return ("report.json",)


def _link(task, emit):
    Path(task.out, "report.json").symlink_to("/etc/passwd")
    return ("report.json",)


def _outside(task, emit):
    return ("../../etc/passwd",)


def _forks(task, emit):
    # The grandchild keeps the pipes open and outlives its parent.
    child = subprocess.Popen(["/bin/sleep", "600"])
    emit_pid = Path(task.out, "report.json")
    emit_pid.write_text(json.dumps({"grandchild": child.pid}))
    return ("report.json",)


def _lies_about_arrays(task, emit):
    header = json.dumps({"a": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 4]}}).encode()
    Path(task.out, "partial.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    return ("partial.safetensors",)


def _big_file(task, emit):
    Path(task.out, "report.json").write_bytes(b"x" * (64 << 20))
    return ("report.json",)


def _report(task, emit):
    from junco.contract import model as words

    unknown = words.TensorSpec(name="x", shape=(None, 3, 32, 32))
    layer = words.LayerReport(name="fc", kind="Linear", parameters=10, shape=(10, 1))
    report = words.ModelReport(
        id=task.model,
        format="torchscript",
        producer="probe",
        size=1,
        parameters=10,
        classes=10,
        inputs=(unknown,),
        outputs=(unknown,),
        layers=(layer,),
        parity=(),
        coverage=words.CoverageReport(fraction=1.0),
        activations={},
        methods={},
    )
    Path(task.out, "report.json").write_text(report.model_dump_json())
    return ("report.json",)


def _nan_report(task, emit):
    (name,) = _report(task, emit)
    path = Path(task.out, name)
    path.write_text(path.read_text().replace('"fraction":1.0', '"fraction":NaN'))
    return (name,)


def _huge_report(task, emit):
    (name,) = _report(task, emit)
    with Path(task.out, name).open("a") as file:
        file.write(" " * (9 << 20))
    return (name,)


def partial(index: int) -> bytes:
    """One array of one number, as safetensors."""
    header = json.dumps({"a": {"dtype": "I64", "shape": [1], "data_offsets": [0, 8]}}).encode()
    return len(header).to_bytes(8, "little") + header + index.to_bytes(8, "little")


def _partial(task, emit):
    from junco.contract.wire import Advanced

    emit(Advanced(stage="computing", completed=task.shard.cost))
    Path(task.out, "partial.safetensors").write_bytes(partial(task.shard.index))
    return ("partial.safetensors",)


def _bad_outcome(task, emit):
    Path(task.out, "outcome.json").write_text("{}")
    return ("outcome.json",)


FAULTS: dict[str, Callable] = EXCESSES | {
    name[1:]: value
    for name, value in list(globals().items())
    if callable(value) and name.startswith("_") and not name.startswith("__")
}


def execute(task, emit):
    """``model_path`` is a fault, or a file that lists the faults of the three kinds of work, in order."""
    path = Path(task.model_path)
    if not path.exists():
        return FAULTS[task.model_path](task, emit)
    faults = path.read_text().split()
    return FAULTS[faults[min(("inspect", "shard", "finalise").index(task.kind), len(faults) - 1)]](task, emit)


def leave_out(words: str) -> None:
    """Changes the sandbox as ``words`` say."""
    for word in filter(None, words.split(",")):
        how, _, name = word.rpartition(":")
        if how == "broken":
            LAYERS[name] = replace(LAYERS[name], apply=_not_here)
        elif how == "idle":
            LAYERS[name] = replace(LAYERS[name], apply=lambda _: None)
        else:
            del LAYERS[name]


def _not_here(_):
    raise OSError(38, "Function not implemented")


if __name__ == "__main__":
    if len(sys.argv) > 2:
        leave_out(sys.argv.pop(1))
    sys.exit(main(sys.argv[1:], lambda: execute))
