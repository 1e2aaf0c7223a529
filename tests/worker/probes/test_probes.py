"""Probes P1 to P15: what a confined runner cannot do, each with the control that it can where the layer is left out."""

import io
from pathlib import Path
from tempfile import gettempdir

import pytest
import torch
from onnx import TensorProto, helper
from PIL import Image

from tests.truth.models import as_torchscript, small_cnn
from tests.worker.probes.running import LIMITS, listener, neighbour, probe

REFUSED = {"EACCES", "EPERM", "Permission denied", "Operation not permitted"}


class Hostile(torch.nn.Module):
    """Its ``__setstate__`` reads one file and writes another while it is loaded."""

    def __init__(self, canary: str, written: str) -> None:
        super().__init__()
        self.canary, self.written = canary, written

    @torch.jit.export
    def __getstate__(self):
        return (self.canary, self.written, self.training)

    @torch.jit.export
    def __setstate__(self, state: tuple[str, str, bool]) -> None:
        self.canary, self.written, self.training = state
        torch.ops.aten.save(torch.from_file(state[0], False, 6, dtype=torch.uint8), state[1])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean([2, 3])


def _hostile(folder: Path) -> Path:
    path, written = folder / "hostile", folder / "open" / "written"
    torch.jit.script(Hostile(str(folder / "canary"), str(written))).save(path)
    return path


def _onnx() -> bytes:
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", value[:1], value[1:])
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, ir_version=8, opset_imports=opset).SerializeToString()


def _png() -> str:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG")
    return buffer.getvalue().hex()


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    folder = tmp_path_factory.mktemp("probes")
    for above in (folder, *folder.parents):
        if above == Path(gettempdir()):
            break
        above.chmod(0o755)
    (folder / "canary").write_text("secret")
    (folder / "open").mkdir()
    (folder / "open").chmod(0o777)
    (folder / "honest").write_bytes(as_torchscript(small_cnn(), (3, 32, 32), "scripted"))
    (folder / "onnx").write_bytes(_onnx())
    with listener() as port, neighbour() as pid:
        yield {
            "hostile": str(_hostile(folder)),
            "written": str(folder / "open" / "written"),
            "canary": str(folder / "canary"),
            "open_folder": str(folder / "open"),
            "honest": str(folder / "honest"),
            "onnx": str(folder / "onnx"),
            "png": _png(),
            "tcp": port,
            "neighbour": pid,
            "much": 2 * LIMITS.memory_bytes,
            "most_file": LIMITS.file_bytes,
        }


CHEAP = [
    *("read", "list", "write", "write_input", "chmod", "symlink", "tcp", "udp", "unix", "fork", "spawn", "signal"),
    *("environ", "outlive", "memfd", "uring", "namespace", "memory", "file"),
    "trace",  # last: what is traced stops at its next signal
]
"""Probes that need no torch."""


@pytest.fixture(scope="module")
def confined(told):
    return probe(told, [*CHEAP[:-1], "native_read", "load", "works", CHEAP[-1]])


@pytest.fixture(scope="module")
def without_landlock(told):
    return probe(told, ["load", *CHEAP], without="landlock")


@pytest.fixture(scope="module")
def without_seccomp(told):
    return probe(told, CHEAP, without="seccomp")


@pytest.fixture(scope="module")
def without_both(told):
    return probe(told, [name for name in CHEAP if name != "outlive"], without="landlock,seccomp,rlimits")


def test_honest_work_goes_on_in_full_confinement(confined):
    """P14: threads, torch on two of them, TorchScript, onnxruntime, Pillow and temporary files all work."""
    assert confined["works"] == "810.0 (1, 10) [1.0, 1.0]"


@pytest.mark.parametrize("name", ["read", "list", "native_read", "write", "write_input", "symlink", "environ"])
def test_files_outside_the_runners_own_folders_are_out_of_reach(confined, name):
    """P1 to P3 and P8: from Python and from native code alike; its inputs a runner may read and not change."""
    assert confined[name] in REFUSED


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("read", "secret"),
        ("list", "listed"),
        ("write", "wrote"),
        ("write_input", "wrote"),
        ("symlink", "linked"),
        ("environ", "secret"),
    ],
)
def test_landlock_is_what_keeps_files_out_of_reach(without_landlock, name, expected):
    """Control: with the other layers in force and this one left out, the same probes succeed."""
    assert without_landlock[name] == expected


@pytest.mark.parametrize("name", ["tcp", "udp", "unix", "fork", "spawn", "signal", "trace", "namespace", "chmod"])
def test_network_processes_and_signals_are_refused(confined, name):
    """P4 to P8."""
    assert confined[name] == "EPERM"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *[("udp", "sent"), ("unix", "opened"), ("fork", "forked"), ("trace", "traced"), ("namespace", "own")],
        *[("chmod", "done"), ("outlive", "outlives"), ("memfd", "made")],
    ],
)
def test_seccomp_is_what_refuses_calls(without_seccomp, name, expected):
    """Control: Landlock alone lets datagrams, sockets and processes through."""
    assert without_seccomp[name] == expected


@pytest.mark.parametrize(("name", "expected"), [("tcp", "connected"), ("spawn", "ran 0"), ("signal", "delivered")])
def test_what_two_layers_refuse_succeeds_without_both(confined, without_landlock, without_both, name, expected):
    """P4, P6 and P7: connections, programs and signals."""
    assert confined[name] in REFUSED
    assert without_landlock[name] in REFUSED
    assert without_both[name] == expected


def test_the_death_signal_cannot_be_taken_off_and_hidden_memory_not_be_made(confined):
    """P13: a runner cannot outlive its parent, nor hold memory that nobody counts."""
    assert (confined["outlive"], confined["memfd"], confined["uring"]) == ("EPERM", "EPERM", "ENOSYS")


def test_memory_and_files_are_bounded(confined, without_both):
    """P9 and P12: too much of either is refused, and the process lives; without rlimits it is not."""
    assert (confined["memory"], confined["file"]) == ("ENOMEM", "EFBIG")
    assert (without_both["memory"], without_both["file"]) == (str(2 * LIMITS.memory_bytes), "wrote")


def test_a_hostile_archive_that_passes_every_gate_still_reaches_no_file(confined, without_landlock):
    """P2: ``__setstate__`` runs while torch loads; it reads and writes nothing, and both without Landlock."""
    assert confined["load"] in REFUSED
    assert without_landlock["load"] == "loaded; wrote True"
