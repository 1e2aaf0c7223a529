"""The hostile corpus against the real engine: each file ends in its stated outcome, and its neighbour never notices."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
import torch
from onnx import TensorProto, helper

from junco.contract.errors import (
    BadInput,
    DeadlineExceeded,
    JuncoError,
    MemoryExceeded,
    ModelFormatUnsupported,
    ModelNotJudgeable,
    RunnerCrashed,
)
from junco.contract.job import WorkKind
from junco.contract.model import ModelReport
from junco.contract.wire import Task
from tests.audit.graph.gate.hostile import SetState, saved
from tests.truth.models import as_torchscript, small_cnn
from worker.runner.limits import GIB, Limits
from worker.runner.parent import Runner

SHAPE = (3, 32, 32)
LIMITS = Limits(parent=os.getpid(), memory_bytes=2 * GIB)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the sandbox is Linux's"),
]


class MemoryBomb(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = torch.nn.Linear(3, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        held = [torch.ones([64, 1024, 1024])]
        while len(held) > 0:
            held.append(torch.ones([64, 1024, 1024]) * len(held))
        return self.fc(x.mean([2, 3])) + held[0].sum()


class Flood(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = torch.nn.Linear(3, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        total = x.sum()
        while bool(total == total):
            print('{"event":"finished","files":["/etc/passwd"]}')  # noqa: T201 - the flood
        return self.fc(x.mean([2, 3]))


class Forks(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        futures: list[torch.jit.Future[torch.Tensor]] = []
        for _ in range(1000):
            futures.append(torch.jit.fork(torch.relu, x))  # noqa: PERF401 - a comprehension does not compile
        return torch.jit.wait(futures[0]).mean([2, 3])


def _onnx(nodes: list, *initializers: TensorProto) -> bytes:
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, *SHAPE])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "g", [x], [y], list(initializers))
    return helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString()


def endless_onnx_loop() -> bytes:
    """233 bytes that never end: a loop without a bound whose condition stays true."""
    cond = helper.make_tensor_value_info("c", TensorProto.BOOL, [])
    state = helper.make_tensor_value_info("s", TensorProto.FLOAT, None)
    body = helper.make_graph(
        [helper.make_node("Identity", ["c"], ["c2"]), helper.make_node("Relu", ["s"], ["s2"])],
        "b",
        [helper.make_tensor_value_info("i", TensorProto.INT64, []), cond, state],
        [helper.make_tensor_value_info("c2", TensorProto.BOOL, []), helper.make_tensor_value_info("s2", 1, None)],
    )
    true = helper.make_tensor("t", TensorProto.BOOL, [], [True])
    return _onnx([helper.make_node("Loop", ["", "t", "x"], ["y"], body=body)], true)


def external_data() -> bytes:
    """Weights that are said to lie in a file of the machine."""
    weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1])
    weight.data_location = TensorProto.EXTERNAL
    entry = weight.external_data.add()
    entry.key, entry.value = "location", "../../../../etc/passwd"
    return _onnx([helper.make_node("Add", ["x", "w"], ["y"])], weight)


def many_zeros() -> bytes:
    """66 bytes that ask for four terabytes."""
    sides = helper.make_tensor("n", TensorProto.INT64, [1], [1 << 40])
    nodes = [helper.make_node("ConstantOfShape", ["n"], ["z"]), helper.make_node("Add", ["x", "z"], ["y"])]
    return _onnx(nodes, sides)


def set_state() -> bytes:
    return saved(SetState("/tmp/junco-canary-that-must-not-appear"))


CORPUS: list[tuple[Callable[[], bytes], tuple[type[JuncoError], ...]]] = [
    (set_state, (ModelNotJudgeable,)),
    (lambda: saved(Forks()), (ModelNotJudgeable,)),
    (lambda: saved(MemoryBomb()), (MemoryExceeded,)),
    (lambda: saved(Flood()), (RunnerCrashed,)),
    (external_data, (ModelFormatUnsupported,)),
    (endless_onnx_loop, (BadInput, DeadlineExceeded)),
    (many_zeros, (BadInput, MemoryExceeded)),
]


def inspected(runner: Runner, data: bytes, *, deadline_s: float) -> ModelReport:
    path = runner.work / "model"
    path.write_bytes(data)
    task = Task(
        kind=WorkKind.INSPECT, model="sha256:" + "0" * 64, model_path=str(path), out=str(runner.out), input_shape=SHAPE
    )
    files = runner.run(task, deadline_s=deadline_s, on_event=lambda _: None)
    return ModelReport.model_validate_json(files["report.json"].read_bytes())


def test_every_hostile_file_ends_as_stated_and_a_neighbour_works_on():
    """A healthy runner waits beside them all, and then does its work."""
    ends = {}
    with Runner(LIMITS) as healthy:
        for number, (make, expected) in enumerate(CORPUS):
            with Runner(LIMITS) as runner:
                runner.wait_ready()
                with pytest.raises(expected) as caught:
                    inspected(runner, make(), deadline_s=60)
                ends[number] = caught.value.code
            assert not runner.work.exists()
        report = inspected(healthy, as_torchscript(small_cnn(), SHAPE, "scripted"), deadline_s=60)
    assert report.classes == 10
    assert not Path("/tmp/junco-canary-that-must-not-appear").exists()
    assert len(ends) == len(CORPUS)


def test_a_symlink_in_place_of_a_model_leads_nowhere(tmp_path):
    """A staged file that is a link to what lies outside the runner's folder cannot be followed."""
    (tmp_path / "elsewhere.onnx").write_bytes(onnx.ModelProto().SerializeToString() + b"x")
    with Runner(LIMITS) as runner:
        runner.wait_ready()
        link = runner.work / "model"
        link.symlink_to(tmp_path / "elsewhere.onnx")
        task = Task(kind=WorkKind.INSPECT, model="sha256:" + "0" * 64, model_path=str(link), out=str(runner.out))
        with pytest.raises(JuncoError) as caught:
            runner.run(task, deadline_s=60, on_event=lambda _: None)
    assert "Permission" in caught.value.found
